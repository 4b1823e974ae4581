package main // a command cannot be imported

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// world is a nodejs.org with two lines, and an inventory that pins them.
type world struct {
	buildpack, out string
	asked          atomic.Int64
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func newWorld(t *testing.T) *world {
	w := &world{out: filepath.Join(t.TempDir(), "archives")}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked.Add(1)
		fmt.Fprint(rw, r.URL.Path)
	}))
	t.Cleanup(server.Close)
	var b strings.Builder
	b.WriteString("[metadata.default-versions]\nnode = \"24.*.*\"\n")
	for _, version := range []string{"24.2.0 arm64", "24.1.0 arm64", "24.1.0 amd64", "22.1.0 arm64", "22.1.0 amd64"} {
		number, arch, _ := strings.Cut(version, " ")
		path := "/" + number + "/" + arch
		fmt.Fprintf(&b, "[[metadata.dependencies]]\nid = \"node\"\nversion = %q\nos = \"linux\"\narch = %q\nuri = %q\nchecksum = \"sha256:%s\"\n",
			number, arch, server.URL+path, digest(path))
	}
	w.buildpack = filepath.Join(t.TempDir(), "buildpack.toml")
	if err := os.WriteFile(w.buildpack, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) run(arguments ...string) (string, error) {
	w.asked.Store(0)
	var log bytes.Buffer
	err := run(context.Background(), append([]string{"-buildpack", w.buildpack, "-out", w.out}, arguments...), &log)
	return log.String(), err
}

// holds fails unless the folder has exactly the archives of these paths, and
// they are right.
func (w *world) holds(t *testing.T, paths ...string) {
	t.Helper()
	var want, got []string
	for _, path := range paths {
		want = append(want, "sha256-"+digest(path))
		text, err := os.ReadFile(filepath.Join(w.out, "sha256-"+digest(path)))
		if err != nil || string(text) != path {
			t.Errorf("%s: got %q, %v", path, text, err)
		}
	}
	entries, _ := os.ReadDir(w.out)
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestItGetsTheVersionThatAllTargetsHave(t *testing.T) {
	w := newWorld(t)
	if _, err := w.run("-lines", "24"); err != nil {
		t.Fatal(err)
	}
	w.holds(t, "/24.1.0/arm64", "/24.1.0/amd64")
	if _, err := w.run("-lines", "24", "-targets", "linux/arm64"); err != nil {
		t.Fatal(err)
	}
	w.holds(t, "/24.2.0/arm64")
}

func TestItGetsAnEndedLineWithAWarning(t *testing.T) {
	w := newWorld(t)
	text, err := os.ReadFile(w.buildpack)
	if err != nil {
		t.Fatal(err)
	}
	lines := "\n[[metadata.lines]]\nline = 22\nend-of-life = \"2026-01-01\"\n[[metadata.lines]]\nline = 24\nnewest-release = \"2026-02-01\"\n"
	if err := os.WriteFile(w.buildpack, append(text, lines...), 0o644); err != nil {
		t.Fatal(err)
	}
	log, err := w.run("-lines", "22")
	if err != nil || !strings.Contains(log, "WARNING: [node-end-of-life] -lines asks for Node.js \"22\"") {
		t.Errorf("got %v and the log\n%s", err, log)
	}
	w.holds(t, "/22.1.0/arm64", "/22.1.0/amd64")
}

func TestItDownloadsOnlyWhatIsMissingOrDamaged(t *testing.T) {
	w := newWorld(t)
	for _, want := range []int{4, 0} {
		if _, err := w.run("-lines", "24,22"); err != nil || w.asked.Load() != int64(want) {
			t.Fatalf("got %d downloads, %v, want %d", w.asked.Load(), err, want)
		}
	}
	damaged := filepath.Join(w.out, "sha256-"+digest("/24.1.0/arm64"))
	if err := os.WriteFile(damaged, []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := w.run("-lines", "24"); err != nil || w.asked.Load() != 1 {
		t.Errorf("got %d downloads, %v, want 1", w.asked.Load(), err)
	}
	w.holds(t, "/24.1.0/arm64", "/24.1.0/amd64")
}

func TestItRefuses(t *testing.T) {
	w := newWorld(t)
	for _, tc := range []struct {
		name, want string
		arguments  []string
	}{
		{name: "no line", want: "-lines and -out are needed"},
		{name: "a line that does not exist", want: "[node-version-unknown]", arguments: []string{"-lines", "99"}},
		{name: "a target that does not exist", want: `unsupported target "linux/riscv64"`, arguments: []string{"-lines", "24", "-targets", "linux/riscv64"}},
		{name: "a source that does not exist", want: "-source is \"yarn\"", arguments: []string{"-lines", "24", "-source", "yarn"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := w.run(tc.arguments...); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			if _, err := os.Stat(w.out); err == nil {
				t.Error("the folder is there")
			}
		})
	}
}

// What only the npm registry has is out of the question on a machine without
// an npm that could say which registry that is.
func TestWithoutARegistryItTakesWhatNodeJSOrgHas(t *testing.T) {
	w := newWorld(t)
	text, err := os.ReadFile(w.buildpack)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.Write(text)
	for _, arch := range []string{"arm64", "amd64"} {
		fmt.Fprintf(&b, "[[metadata.dependencies]]\nid = \"node\"\nversion = \"22.2.0\"\nos = \"linux\"\narch = %q\nnpm-version = \"11.0.0\"\nnpm-package = \"node\"\nnpm-checksum = \"sha256:%s\"\n",
			arch, digest("/node"))
	}
	fmt.Fprintf(&b, "[[metadata.npm-releases]]\nversion = \"11.0.0\"\nchecksum = \"sha256:%s\"\n", digest("/npm"))
	if err := os.WriteFile(w.buildpack, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())
	for _, name := range []string{"NPM_CONFIG_REGISTRY", "npm_config_registry", "NPM_CONFIG_USERCONFIG", "NPM_CONFIG_GLOBALCONFIG"} {
		t.Setenv(name, "")
	}
	log, err := w.run("-lines", "22")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log, "Node.js 22.1.0") {
		t.Errorf("got %s", log)
	}
	w.holds(t, "/22.1.0/arm64", "/22.1.0/amd64")
	t.Setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:1/")
	if log, _ = w.run("-lines", "22"); !strings.Contains(log, "Node.js 22.2.0") {
		t.Errorf("with a registry: got %s", log)
	}
}
