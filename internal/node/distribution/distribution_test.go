package distribution_test

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/distribution"
	"github.com/armature-cnb/armature/internal/node/inventory"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// sum pins the bytes that the servers here send for a path.
func sum(path string) checksum.Checksum {
	digest := sha512.Sum512([]byte("bytes of " + path))
	return checksum.Checksum{Algorithm: "sha512", Hex: hex.EncodeToString(digest[:])}
}

// world is a nodejs.org and an npm registry.
type world struct {
	nodejs, registry *httptest.Server
	mutex            sync.Mutex
	asked            []string // "nodejs /path" or "npm /path", with "+auth" when credentials came along
	fault            func(w http.ResponseWriter, r *http.Request) bool
	log              []string
}

func newWorld(t *testing.T) *world {
	w := &world{}
	w.nodejs = w.server(t, "nodejs")
	w.registry = w.server(t, "npm")
	return w
}

func (w *world) server(t *testing.T, name string) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mutex.Lock()
		line := name + " " + r.URL.Path
		if r.Header.Get("Authorization") != "" {
			line += "+auth"
		}
		w.asked = append(w.asked, line)
		w.mutex.Unlock()
		if w.fault != nil && w.fault(rw, r) {
			return
		}
		fmt.Fprint(rw, "bytes of "+r.URL.Path)
	}))
	t.Cleanup(s.Close)
	return s
}

// release is 24.1.0 for a target.
func (w *world) release(tg targets.Target) inventory.Release {
	dist := "/dist/node-" + tg.Arch + ".tar.gz"
	name := "node-linux-" + tg.Node()
	return inventory.Release{
		Version: semver.MustParse("24.1.0"), Target: tg,
		Archive: inventory.Pin{URI: w.nodejs.URL + dist, Checksum: sum(dist)},
		Package: inventory.Pin{Package: name, Version: "24.1.0", Checksum: sum("/" + name + "/-/" + name + "-24.1.0.tgz")},
		NPM:     inventory.Pin{Package: "npm", Version: "11.0.0", Checksum: sum("/npm/-/npm-11.0.0.tgz")},
	}
}

func (w *world) needs() []distribution.Need {
	return []distribution.Need{
		{Release: w.release(targets.LinuxARM64)},
		{Release: w.release(targets.LinuxAMD64), NPM: true},
	}
}

// finder asks this world. These lines of an .npmrc come after the registry's.
func (w *world) finder(t *testing.T, source string, lines ...string) *distribution.Finder {
	t.Helper()
	project := t.TempDir()
	text := strings.Join(append([]string{"registry=" + w.registry.URL}, lines...), "\n")
	if err := os.WriteFile(filepath.Join(project, ".npmrc"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	config, err := npmrc.Load(npmrc.Sources{ProjectDir: project})
	if err != nil {
		t.Fatal(err)
	}
	client := fetch.New(nil)
	client.Pause = time.Millisecond
	return &distribution.Finder{
		Source: source, Baked: t.TempDir(), Dir: t.TempDir(), Client: client, Config: config,
		Log: func(format string, arguments ...any) { // not for several at once, as the log of a buildpack
			w.log = append(w.log, fmt.Sprintf(format, arguments...))
		},
	}
}

// askedOf counts the requests to one of the servers.
func (w *world) askedOf(name string) int {
	count := 0
	for _, line := range w.asked {
		if strings.HasPrefix(line, name+" ") {
			count++
		}
	}
	return count
}

func find(t *testing.T, f *distribution.Finder, needs []distribution.Need, source string) []distribution.Found {
	t.Helper()
	found, err := f.Find(context.Background(), needs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, need := range needs {
		if found[i].Source != source {
			t.Errorf("need %d: got the source %s, want %s", i, found[i].Source, source)
		}
		if _, err := os.Stat(found[i].Node); err != nil {
			t.Error(err)
		}
		if own := found[i].NPM != ""; own != (need.NPM && strings.HasSuffix(found[i].Node, need.Release.Package.Checksum.Hex)) {
			t.Errorf("need %d: got npm %q", i, found[i].NPM)
		}
	}
	return found
}

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

func TestBakedArchivesGoBeforeEverySource(t *testing.T) {
	w := newWorld(t)
	for name, pins := range map[string]func(r inventory.Release) []inventory.Pin{
		"nodejs.org's":       func(r inventory.Release) []inventory.Pin { return []inventory.Pin{r.Archive} },
		"the npm registry's": func(r inventory.Release) []inventory.Pin { return []inventory.Pin{r.Package, r.NPM} },
	} {
		t.Run(name, func(t *testing.T) {
			f := w.finder(t, distribution.NodeJSOrg)
			for _, need := range w.needs() {
				for _, pin := range pins(need.Release) {
					path := strings.TrimPrefix(pin.URI, w.nodejs.URL)
					if pin.Package != "" {
						path = "/" + pin.Package + "/-/" + pin.Package + "-" + pin.Version + ".tgz"
					}
					bake(t, f.Baked, pin.Checksum, "bytes of "+path)
				}
			}
			w.asked = nil
			find(t, f, w.needs(), distribution.Baked)
			if len(w.asked) != 0 {
				t.Errorf("got %v", w.asked)
			}
		})
	}
}

func bake(t *testing.T, dir string, c checksum.Checksum, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, c.FileName()), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestABakedArchiveIsCheckedToo(t *testing.T) {
	w := newWorld(t)
	f := w.finder(t, distribution.Auto)
	bake(t, f.Baked, w.needs()[0].Release.Archive.Checksum, "damaged")
	_, err := f.Find(context.Background(), w.needs()...)
	if !errors.Is(err, &failure.Failure{ID: distribution.IDChecksumMismatch}) {
		t.Errorf("got %v", err)
	}
}

func TestWhatLiesInTheFolderIsNotDownloadedAgain(t *testing.T) {
	w := newWorld(t)
	f := w.finder(t, distribution.NodeJSOrg)
	find(t, f, w.needs(), distribution.NodeJSOrg)
	find(t, f, w.needs(), distribution.NodeJSOrg)
	if len(w.asked) != 2 {
		t.Errorf("got %v", w.asked)
	}
	bake(t, f.Dir, w.needs()[0].Release.Archive.Checksum, "damaged")
	find(t, f, w.needs(), distribution.NodeJSOrg)
	if len(w.asked) != 3 {
		t.Errorf("damaged: got %v", w.asked)
	}
}

func TestANativeBuildDownloadsOnce(t *testing.T) {
	w := newWorld(t)
	needs := []distribution.Need{{Release: w.release(targets.LinuxARM64)}, {Release: w.release(targets.LinuxARM64), NPM: true}}
	find(t, w.finder(t, distribution.NodeJSOrg), needs, distribution.NodeJSOrg)
	if len(w.asked) != 1 {
		t.Errorf("got %v", w.asked)
	}
}

func TestRestrictLeavesWhatTheSourceHas(t *testing.T) {
	inv, err := inventory.Read("../../../buildpacks/node-engine/buildpack.toml")
	if err != nil {
		t.Fatal(err)
	}
	all := len(inv.Versions(targets.LinuxARM64))
	for _, source := range []string{distribution.NodeJSOrg, distribution.NPM} {
		restricted := distribution.Restrict(inv, source, true)
		for _, version := range restricted.Versions(targets.LinuxARM64) {
			r, _ := restricted.Release(version, targets.LinuxARM64)
			if (source == distribution.NPM && r.Package.IsZero()) || (source == distribution.NodeJSOrg && r.Archive.IsZero()) {
				t.Errorf("%s has no %s", source, version)
			}
		}
	}
	if got := len(distribution.Restrict(inv, distribution.Auto, true).Versions(targets.LinuxARM64)); got != all {
		t.Errorf("auto: got %d versions, want %d", got, all)
	}
	unknown := distribution.Restrict(inv, distribution.Auto, false).Versions(targets.LinuxARM64)
	signed := distribution.Restrict(inv, distribution.NodeJSOrg, true).Versions(targets.LinuxARM64)
	if len(unknown) != len(signed) || len(unknown) == all {
		t.Errorf("auto, no registry known: got %d versions, want the %d of nodejs.org", len(unknown), len(signed))
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

// transient says whether the failure may pass by itself.
func transient(err error) bool {
	var f *failure.Failure
	return errors.As(err, &f) && f.Transient
}

func TestWhatMayPassIsToldFromWhatStays(t *testing.T) {
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
