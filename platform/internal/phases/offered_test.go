//go:build linux

package phases

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// served serves a build's own registry.
func served(t *testing.T, b *Build) *loopback.Registry {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	registry := loopback.Serve(listener, b.blobs)
	t.Cleanup(func() { registry.Close() })
	return registry
}

func TestWhatIsOfferedToTheLifecycleIsWholeOrAnError(t *testing.T) {
	run, image := labelled(t, hostTarget(t))
	b := bare(t)
	b.run, b.Rebase = &runImage{image: run}, image
	registry := served(t, b)
	if err := b.offer(t.Context(), registry); err != nil || b.rebaseName != runImageName {
		t.Errorf("got %q, %v", b.rebaseName, err)
	}
	offered, err := registry.Get(t.Context(), loopback.AppRepository)
	if err != nil || !strings.Contains(labelOf(t, offered), `"image":"`+registry.Reference(loopback.RunRepository)+`"`) {
		t.Errorf("got %s, %v", labelOf(t, offered), err)
	}
	for n := 1; ; n++ {
		left := n
		b.Rebase = faulty{image, &left}
		err := b.offerRebase(t.Context(), registry)
		if left > 0 {
			break
		}
		if !errors.Is(err, errFault) {
			t.Errorf("answer %d of the image to rebase is an error: got %v", n, err)
		}
	}
	left := 1
	b.run.image, b.run.found = faulty{run, &left}, "/nowhere"
	if err := b.offer(t.Context(), registry); err == nil {
		t.Error("a run image that cannot be read: got no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.CacheImage = "registry.example/cache"
	if _, err := b.madeCache(ctx, registry); !errors.Is(err, context.Canceled) {
		t.Errorf("a cache image that cannot be read: got %v", err)
	}
	if image, err := b.madeCache(t.Context(), registry); image != nil || err != nil {
		t.Errorf("no cache image: got %v, %v", image, err)
	}
	if _, err := b.exported(ctx, registry); !errors.Is(err, context.Canceled) {
		t.Errorf("an image that cannot be read: got %v", err)
	}
	if err := b.pushCache(t.Context(), nil); err != nil {
		t.Errorf("nothing to push: got %v", err)
	}
	if list, err := b.cachedLayers(nil); list != nil || err != nil {
		t.Errorf("no cache image has %v, %v", list, err)
	}
	if _, err := b.cachedLayers(emptyFor("linux", "amd64", map[string]string{labels.Cache: "x"})); err == nil {
		t.Error("a label of a cache image that is no JSON: got no error")
	}
}

func TestTheEnvironmentFollowsThePlatformAPI(t *testing.T) {
	b := bare(t)
	b.builder.platformAPI, b.Getenv = "0.14", func(string) string { return "" }
	b.emulation, b.Env = map[string]string{"QEMU_CPU": "x"}, map[string]string{"QEMU_CPU": "max", "BP_X": "1"}
	text := strings.Join(b.environment(), " ")
	if strings.Contains(text, "CNB_EXEC_ENV") || strings.Contains(text, "SOURCE_DATE_EPOCH") || strings.Contains(text, "BP_X") || !strings.Contains(text, " QEMU_CPU=max") {
		t.Errorf("got %s", text)
	}
}
