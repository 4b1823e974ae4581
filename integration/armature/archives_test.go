//go:build linux

package integration_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// npmArchive returns the archive of a package, with one file.
func npmArchive(t *testing.T, name, content string) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for _, file := range [][2]string{{"package/package.json", fmt.Sprintf(`{"name":%q,"version":"1.0.0"}`, name)}, {"package/content", content}} {
		if err := archive.WriteHeader(&tar.Header{Name: file[0], Mode: 0o644, Size: int64(len(file[1]))}); err != nil {
			t.Fatal(err)
		}
		archive.Write([]byte(file[1]))
	}
	if err := errors.Join(archive.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// counting is a registry that counts what is fetched.
type counting struct {
	address  string
	archives map[string][]byte // by package
	lock     sync.Mutex
	fetched  []string
}

func newCounting(t *testing.T, names ...string) *counting {
	t.Helper()
	c := &counting{archives: map[string][]byte{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if r.URL.Path != c.path(name) || c.archives[name] == nil {
			http.NotFound(w, r)
			return
		}
		c.lock.Lock()
		c.fetched = append(c.fetched, name)
		c.lock.Unlock()
		w.Write(c.archives[name])
	}))
	t.Cleanup(server.Close)
	c.address = server.URL
	for _, name := range names {
		c.archives[name] = npmArchive(t, name, server.URL) // as nobody else's
	}
	return c
}

func (c *counting) path(name string) string { return fmt.Sprintf("/%s/-/%s-1.0.0.tgz", name, name) }

// since returns what was fetched since the last call, sorted.
func (c *counting) since() []string {
	c.lock.Lock()
	defer c.lock.Unlock()
	defer func() { c.fetched = nil }()
	return slices.Sorted(slices.Values(c.fetched))
}

// inHome returns the path of a package's archive in a home.
func (c *counting) inHome(t *testing.T, home, name string) string {
	t.Helper()
	sum := sha512.Sum512(c.archives[name])
	digits := hex.EncodeToString(sum[:])
	found, err := filepath.Glob(filepath.Join(home, "archives", digits[:2], digits+"-*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s is kept as %q, %v", name, found, err)
	}
	return found[0]
}

// app makes an app with packages of the registry. Its build script prints what it is
// shown, and tries to change it.
func (c *counting) app(t *testing.T, names ...string) string {
	t.Helper()
	needs, packages := map[string]string{}, map[string]any{}
	for _, name := range names {
		sum := sha512.Sum512(c.archives[name])
		needs[name] = "1.0.0"
		packages["node_modules/"+name] = map[string]any{"version": "1.0.0", "resolved": c.address + c.path(name), "integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum[:])}
	}
	root := map[string]any{"name": "sharing", "version": "1.0.0", "dependencies": needs}
	packages[""] = root
	lock, err := json.Marshal(map[string]any{"name": "sharing", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": packages})
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := json.Marshal(map[string]any{"name": "sharing", "version": "1.0.0", "dependencies": needs, "scripts": map[string]string{"build": "node look.js", "start": "node server.js"}})
	if err != nil {
		t.Fatal(err)
	}
	app := plainApp(t)
	writeFiles(t, app, map[string]string{"package.json": string(manifest), "package-lock.json": string(lock), ".npmrc": "registry=" + c.address + "/\n", "look.js": look})
	return app
}

const look = `
const fs = require("fs"), dir = "/platform/archives";
const names = fs.readdirSync(dir);
console.log("shown: " + names.length + ".");
for (const name of [...names, "new"]) {
  for (const change of [f => fs.appendFileSync(f, "x"), f => fs.chmodSync(f, 0o666), f => fs.unlinkSync(f), f => fs.renameSync(f, f + "x")])
    try { change(dir + "/" + name); console.log("changed " + name); } catch {}
}
`

// The registry of the app's .npmrc counts what is fetched.
func TestAnotherAppFetchesOnlyWhatNoAppHasFetched(t *testing.T) {
	t.Parallel()
	c := newCounting(t, "a", "b", "c", "d")
	u := newUser(t, 0)
	u.must(c.app(t, "a", "b", "d"), "--tag", "sharing-first")
	if got, want := c.since(), []string{"a", "b", "d"}; !slices.Equal(got, want) {
		t.Fatalf("the first build fetched %q, want %q", got, want)
	}
	app := c.app(t, "a", "b", "c")
	build := func(fetches, shown string, args ...string) built {
		t.Helper()
		b := u.must(app, append(args, "--tag", "sharing", "--clear-cache")...)
		if got := strings.Join(c.since(), ""); got != fetches {
			t.Errorf("%q: it fetched %q, want %q", args, got, fetches)
		}
		if !strings.Contains(b.log, "shown: "+shown+".") || strings.Contains(b.log, "changed ") {
			t.Errorf("%q: want a build that is shown %s, and changes nothing\n%s", args, shown, b.log)
		}
		return b
	}
	second := build("c", "2")
	for name, wrong := range map[string][]byte{"a": append([]byte{0}, c.archives["a"][1:]...), "b": c.archives["b"][:9]} {
		if err := os.WriteFile(c.inHome(t, u.cache(), name), wrong, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if again := build("ab", "3"); again.digest != second.digest {
		t.Errorf("with wrong archives: got %s, want %s", again.digest, second.digest)
	}
	build("", "3", "--env", "BP_NODE_INSTALLER=npm")

	binding := filepath.Join(t.TempDir(), "npm")
	_, host, _ := strings.Cut(c.address, ":")
	writeFiles(t, binding, map[string]string{"type": "npmrc", ".npmrc": host + "/:_authToken=t\n"})
	build("abc", "0", "--binding", binding)
}

func TestTwoAppsThatFetchTheSameAtTheSameTime(t *testing.T) {
	t.Parallel()
	c := newCounting(t, "a", "b")
	u := newUser(t, 0)
	var both sync.WaitGroup
	apps := []string{c.app(t, "a", "b"), c.app(t, "a", "b")}
	for i, app := range apps {
		both.Go(func() {
			if b := u.build(app, "--tag", fmt.Sprint("sharing-both-", i)); b.status != 0 {
				t.Errorf("got status %d\n%s", b.status, b.log)
			}
		})
	}
	both.Wait()
	c.since()
	u.must(apps[0], "--tag", "sharing-both-0", "--clear-cache")
	if got := c.since(); len(got) != 0 {
		t.Errorf("then it fetches %q", got)
	}
}
