package distribution_test

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
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

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/download/fetch"
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
