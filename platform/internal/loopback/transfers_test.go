//go:build linux

package loopback_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// asLifecycle sends requests with the lifecycle's password.
type asLifecycle struct{ header string }

func (a asLifecycle) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Set("Authorization", a.header)
	return http.DefaultTransport.RoundTrip(request)
}

func TestTransfersAreWhatTheLifecycleUploaded(t *testing.T) {
	r, _ := serve(t)
	base := randomImage(t)
	if err := r.Put(t.Context(), loopback.AppRepository, base); err != nil {
		t.Fatal(err)
	}
	if got := r.Transfers(); len(got) != 0 {
		t.Errorf("got %v, want none of armature's own", got)
	}
	added, err := random.Layer(5000, types.OCILayer)
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(base, added)
	if err != nil {
		t.Fatal(err)
	}
	auth, err := r.Auth()
	if err != nil {
		t.Fatal(err)
	}
	_, header, _ := strings.Cut(strings.Trim(auth, "{}"), ":\"") // whose address has a colon, too, but no quote after it
	header = strings.TrimSuffix(header, `"`)
	tag, err := name.NewTag(r.Reference(loopback.AppRepository))
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	if err := remote.Write(tag, image, remote.WithTransport(asLifecycle{header})); err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{config.String(): -1}
	for i, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			t.Fatal(err)
		}
		want[digest.String()] = 0
		if i == len(layers)-1 {
			if want[digest.String()], err = layer.Size(); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := r.Transfers()
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !slices.IsSortedFunc(got, func(a, b loopback.Transfer) int { return a.Begin.Compare(b.Begin) }) {
		t.Errorf("got %v, want them in their order", got)
	}
	for _, transfer := range got {
		bytes, known := want[transfer.Digest.String()]
		if !known || bytes >= 0 && (transfer.Bytes != bytes || transfer.Reused != (bytes == 0)) || bytes < 0 && (transfer.Bytes == 0 || transfer.Reused) {
			t.Errorf("got %+v, want %d bytes", transfer, bytes)
		}
		if transfer.Begin.Before(before) || transfer.End.Before(transfer.Begin) || transfer.End.After(time.Now()) {
			t.Errorf("got %+v", transfer)
		}
	}
}
