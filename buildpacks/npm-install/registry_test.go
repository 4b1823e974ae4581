package npminstall_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// files are the contents of a package's or an app's files, by path.
type files map[string]string

// release is one version of a package in the registry, as the registry gives
// it: fields of package.json, and the archive.
type release struct {
	manifest map[string]any
	tarball  []byte
}

// registry is an npm registry in this process, with small packages that the
// tests make.
type registry struct {
	*httptest.Server
	t        *testing.T
	releases map[string]map[string]release // by name and version

	mu       sync.Mutex
	requests []string
	answer   func(w http.ResponseWriter, r *http.Request) bool // answers first, when it is there and wants to
}

func newRegistry(t *testing.T) *registry {
	r := &registry{t: t, releases: map[string]map[string]release{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// publish adds a package. More fields of its package.json are in extra; the
// files are those of its archive beside package.json.
func (r *registry) publish(name, version string, extra map[string]any, contents files) {
	r.t.Helper()
	manifest := map[string]any{"name": name, "version": version, "license": "MIT"}
	for key, value := range extra {
		manifest[key] = value
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		r.t.Fatal(err)
	}
	packed := files{"package.json": string(text), "index.js": fmt.Sprintf("module.exports = %q\n", name+"@"+version)}
	for path, content := range contents {
		packed[path] = content
	}
	if r.releases[name] == nil {
		r.releases[name] = map[string]release{}
	}
	r.releases[name][version] = release{manifest: manifest, tarball: pack(r.t, packed)}
}

func pack(t *testing.T, contents files) []byte {
	t.Helper()
	var paths []string
	for path := range contents {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, path := range paths {
		header := &tar.Header{Name: "package/" + path, Mode: 0o755, Size: int64(len(contents[path]))}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(contents[path])); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.requests = append(r.requests, req.URL.Path)
	answer := r.answer
	r.mu.Unlock()
	if answer != nil && answer(w, req) {
		return
	}
	name, file, isArchive := strings.Cut(strings.TrimPrefix(req.URL.Path, "/"), "/-/")
	versions, ok := r.releases[name]
	if !ok {
		http.Error(w, `{"error":"Not found"}`, http.StatusNotFound)
		return
	}
	if isArchive {
		for version, one := range versions {
			if strings.HasSuffix(file, "-"+version+".tgz") {
				w.Write(one.tarball)
				return
			}
		}
		http.Error(w, `{"error":"Not found"}`, http.StatusNotFound)
		return
	}
	json.NewEncoder(w).Encode(r.packument(name))
}

func (r *registry) packument(name string) map[string]any {
	all, latest := map[string]any{}, ""
	for version, release := range r.releases[name] {
		manifest := map[string]any{"dist": map[string]any{
			"tarball":   fmt.Sprintf("%s/%s/-/x--%s.tgz", r.URL, name, version),
			"integrity": integrity(release.tarball),
		}}
		for key, value := range release.manifest {
			manifest[key] = value
		}
		all[version] = manifest
		latest = max(latest, version)
	}
	return map[string]any{"name": name, "versions": all, "dist-tags": map[string]string{"latest": latest}}
}

func integrity(content []byte) string {
	sum := sha512.Sum512(content)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// calls is how many requests there have been.
func (r *registry) calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.requests)
}

// answers lets every request be answered so.
func (r *registry) answers(answer func(w http.ResponseWriter, r *http.Request) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// environment is one in which npm knows no registry but this, and no
// configuration of the machine's.
func (r *registry) environment(t *testing.T) environ.List {
	home := t.TempDir()
	return environ.List{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + os.TempDir(), "LANG=C",
		"NPM_CONFIG_REGISTRY=" + r.URL + "/",
		"NPM_CONFIG_FETCH_RETRIES=0",
		"NODE_COMPILE_CACHE=" + filepath.Join(os.TempDir(), "armature-test-npm", "compiled"), // npm starts in two thirds of the time
		"CNB_TARGET_OS=linux",
	}
}

// needNPM leaves a test out that runs npm, unless every test is asked for.
func needNPM(t *testing.T) {
	t.Helper()
	tier.Program(t, "npm")
}

func writeFiles(t *testing.T, dir string, contents files) {
	t.Helper()
	for path, text := range contents {
		place := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// locked remembers lockfiles, which have no addresses in them, by what npm
// made them from.
var locked sync.Map

// lock lets the real npm write the lockfile of an app.
func (r *registry) lock(env environ.List, dir string) {
	r.t.Helper()
	key := r.describe(dir)
	path := filepath.Join(dir, "package-lock.json")
	if text, ok := locked.Load(key); ok {
		if err := os.WriteFile(path, text.([]byte), 0o644); err != nil {
			r.t.Fatal(err)
		}
		return
	}
	npm(r.t, env.With("npm_config_omit_lockfile_registry_resolved", "true"), dir, "install", "--package-lock-only", "--ignore-scripts", "--no-audit")
	text, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	locked.Store(key, text)
}

// describe lists what a lockfile is made from: every package.json and all
// releases.
func (r *registry) describe(dir string) string {
	var all []string
	for name, versions := range r.releases {
		for version, release := range versions {
			all = append(all, name+"@"+version+" "+integrity(release.tarball))
		}
	}
	for _, pattern := range []string{"package.json", "*/package.json", "*/*/package.json"} {
		paths, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				r.t.Fatal(err)
			}
			all = append(all, strings.TrimPrefix(path, dir)+string(text))
		}
	}
	sort.Strings(all)
	return strings.Join(all, "\n")
}

func npm(t *testing.T, env environ.List, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command(find(t, env, "npm"), args...)
	cmd.Dir = dir
	cmd.Env = append(env.With("PWD", dir), "npm_config_cache="+filepath.Join(t.TempDir(), "cache"), "npm_config_update_notifier=false")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm %s: %s\n%s", strings.Join(args, " "), err, output)
	}
}

// find returns the path of a program on the PATH of an environment.
func find(t *testing.T, env environ.List, name string) string {
	t.Helper()
	for _, dir := range filepath.SplitList(env.Get("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	t.Fatalf("there is no %s on the PATH %q", name, env.Get("PATH"))
	return ""
}
