package distribution_test

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/distribution"
	"github.com/armature-cnb/armature/internal/node/inventory"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

func TestAutoTakesNodeJSOrg(t *testing.T) {
	w := newWorld(t)
	find(t, w.finder(t, distribution.Auto), w.needs(), distribution.NodeJSOrg)
	if w.askedOf("nodejs") != 2 || w.askedOf("npm") != 0 {
		t.Errorf("got %v", w.asked)
	}
}

func TestAutoTakesTheRegistryWhenNodeJSOrgCannotBeReached(t *testing.T) {
	for name, breakIt := range map[string]func(w *world){
		"nobody listens": func(w *world) { w.nodejs.Close() },
		"it is broken": func(w *world) {
			w.fault = func(rw http.ResponseWriter, r *http.Request) bool {
				if strings.HasPrefix(r.URL.Path, "/dist") {
					rw.WriteHeader(http.StatusBadGateway)
				}
				return strings.HasPrefix(r.URL.Path, "/dist")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			needs := w.needs()
			breakIt(w)
			find(t, w.finder(t, distribution.Auto), needs, distribution.NPM)
			if w.askedOf("npm") != 3 {
				t.Errorf("got %v", w.asked)
			}
			if log := strings.Join(w.log, "\n"); !strings.Contains(log, "nodejs.org is not used: ") {
				t.Errorf("the log does not say so: %s", log)
			}
		})
	}
}

func TestAutoTakesTheRegistryForWhatOnlyThatHas(t *testing.T) {
	w := newWorld(t)
	needs := w.needs()
	needs[0].Release.Archive = inventory.Pin{}
	find(t, w.finder(t, distribution.Auto), needs, distribution.NPM)
}

func TestTheSettingRulesTheOtherSourceOut(t *testing.T) {
	w := newWorld(t)
	find(t, w.finder(t, distribution.NPM), w.needs(), distribution.NPM)
	if w.askedOf("nodejs") != 0 {
		t.Errorf("npm: got %v", w.asked)
	}
	w = newWorld(t)
	needs := w.needs()
	w.nodejs.Close()
	_, err := w.finder(t, distribution.NodeJSOrg).Find(context.Background(), needs...)
	if !errors.Is(err, &failure.Failure{ID: distribution.IDDownloadFailed}) || w.askedOf("npm") != 0 {
		t.Errorf("nodejs.org: got %v, asked %v", err, w.asked)
	}
}

func TestAWrongChecksumIsNeverAReasonToFallBack(t *testing.T) {
	w := newWorld(t)
	w.fault = func(rw http.ResponseWriter, r *http.Request) bool {
		fmt.Fprint(rw, "something else")
		return true
	}
	f := w.finder(t, distribution.Auto)
	_, err := f.Find(context.Background(), w.needs()[0])
	if !errors.Is(err, &failure.Failure{ID: distribution.IDChecksumMismatch}) {
		t.Fatalf("got %v", err)
	}
	got := sha512.Sum512([]byte("something else"))
	for _, want := range []string{hex.EncodeToString(got[:]), w.release(targets.LinuxARM64).Archive.Checksum.Hex} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %s: %s", want, err)
		}
	}
	if w.askedOf("npm") != 0 {
		t.Errorf("got %v", w.asked)
	}
	if entries, _ := os.ReadDir(f.Dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestA404IsNoReasonToFallBack(t *testing.T) {
	w := newWorld(t)
	w.fault = func(rw http.ResponseWriter, r *http.Request) bool { rw.WriteHeader(404); return true }
	_, err := w.finder(t, distribution.Auto).Find(context.Background(), w.needs()...)
	if !errors.Is(err, &failure.Failure{ID: distribution.IDDownloadRefused}) || w.askedOf("npm") != 0 {
		t.Errorf("got %v, asked %v", err, w.asked)
	}
}

func TestAnInterruptedDownloadIsNotTakenForAnUnreachableServer(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	w.fault = func(_ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done()
		return true
	}
	_, err := w.finder(t, distribution.Auto).Find(ctx, w.needs()...)
	if !errors.Is(err, context.Canceled) || w.askedOf("npm") != 0 {
		t.Errorf("got %v, asked %v", err, w.asked)
	}
}

func TestBothUnreachableSaysBothCauses(t *testing.T) {
	w := newWorld(t)
	needs := w.needs()
	w.nodejs.Close()
	w.registry.Close()
	_, err := w.finder(t, distribution.Auto).Find(context.Background(), needs...)
	if !errors.Is(err, &failure.Failure{ID: distribution.IDDownloadFailed}) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{w.nodejs.URL, w.registry.URL} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %s: %s", want, err)
		}
	}
}

func TestUnreachableAndLackingSaysWhatToSet(t *testing.T) {
	w := newWorld(t)
	needs := w.needs()
	needs[0].Release.Package = inventory.Pin{}
	w.nodejs.Close()
	_, err := w.finder(t, distribution.Auto).Find(context.Background(), needs...)
	if !errors.Is(err, &failure.Failure{ID: distribution.IDDownloadFailed}) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{w.nodejs.URL, "the source npm has no Node.js 24.1.0 for linux/arm64", "BP_NODE_SOURCE"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %s: %s", want, err)
		}
	}
}

func TestWithoutARegistryItSaysWhichSettingsWork(t *testing.T) {
	for _, source := range []string{distribution.NPM, distribution.Auto} {
		w := newWorld(t)
		needs := w.needs()
		w.nodejs.Close()
		f := w.finder(t, source)
		var err error
		if f.Config, err = npmrc.Load(npmrc.Sources{}); err != nil {
			t.Fatal(err)
		}
		_, err = f.Find(context.Background(), needs...)
		if !errors.Is(err, &failure.Failure{ID: distribution.IDRegistryUnknown}) {
			t.Fatalf("%s: got %v", source, err)
		}
		for _, want := range []string{"NPM_CONFIG_REGISTRY", ".npmrc", "npmrc binding", "NPM_CONFIG_USERCONFIG", "NPM_CONFIG_GLOBALCONFIG"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: it does not say %s: %s", source, want, err)
			}
		}
	}
}

func TestTheRegistryGetsItsCredentials(t *testing.T) {
	w := newWorld(t)
	f := w.finder(t, distribution.NPM, strings.TrimPrefix(w.registry.URL, "http:")+"/:_authToken=secret")
	find(t, f, w.needs()[:1], distribution.NPM)
	if len(w.asked) != 1 || !strings.HasSuffix(w.asked[0], "+auth") {
		t.Errorf("got %v", w.asked)
	}
	if log := strings.Join(w.log, "\n"); strings.Contains(log, "secret") {
		t.Errorf("the log holds them: %s", log)
	}
}

// binding is a service binding out of memory.
func binding(bindingType string, entries map[string]string) servicebindings.Binding {
	b := servicebindings.Binding{Name: "ours", Type: bindingType, Entries: map[string]*servicebindings.Entry{}}
	for name, value := range entries {
		b.Entries[name] = servicebindings.NewWithValue([]byte(value))
	}
	return b
}

// transient reports whether the failure may pass by itself.
func transient(err error) bool {
	var f *failure.Failure
	return errors.As(err, &f) && f.Transient
}

func TestTemporaryFailuresAreTransient(t *testing.T) {
	status := func(code int) func(http.ResponseWriter, *http.Request) bool {
		return func(rw http.ResponseWriter, _ *http.Request) bool { rw.WriteHeader(code); return true }
	}
	for _, tc := range []struct {
		name, source string
		fault        func(http.ResponseWriter, *http.Request) bool
		close        bool // both servers
		noRegistry   bool
		want         bool
	}{
		{name: "a server that is down", source: distribution.NodeJSOrg, close: true, want: true},
		{name: "both servers down", source: distribution.Auto, close: true, want: true},
		{name: "a server that is busy", source: distribution.NodeJSOrg, fault: status(503), want: true},
		{name: "nodejs.org down, and no registry", source: distribution.Auto, close: true, noRegistry: true, want: true},
		{name: "no registry", source: distribution.NPM, noRegistry: true},
		{name: "a refusal", source: distribution.NPM, fault: status(403)},
		{name: "a file that is not there", source: distribution.NodeJSOrg, fault: status(404)},
		{name: "a file that was changed", source: distribution.Auto, fault: func(rw http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(rw, "x"); return true }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.fault = tc.fault
			needs := w.needs()
			f := w.finder(t, tc.source)
			if tc.noRegistry {
				var err error
				if f.Config, err = npmrc.Load(npmrc.Sources{}); err != nil {
					t.Fatal(err)
				}
			}
			if tc.close {
				w.nodejs.Close()
				w.registry.Close()
			}
			_, err := f.Find(context.Background(), needs...)
			if err == nil || transient(err) != tc.want {
				t.Errorf("got %v, transient %v, want %v", err, transient(err), tc.want)
			}
		})
	}
}
