package programs_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
)

// texts are files, by their names.
type texts map[string]string

func writeAll(t *testing.T, dir string, all texts) {
	t.Helper()
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// archive returns an npm package with these files.
func archive(t *testing.T, all texts) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	w := tar.NewWriter(zipped)
	for name, text := range all {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// registry serves packages, each of one version.
type registry struct {
	*httptest.Server
	t        *testing.T
	mu       sync.Mutex
	asked    []string
	archives map[string][]byte // by path
	answers  map[string]string // by path
	token    string            // that every request needs
}

func newRegistry(t *testing.T) *registry {
	r := &registry{t: t, archives: map[string][]byte{}, answers: map[string]string{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, request.URL.Path)
	if r.token != "" && request.Header.Get("Authorization") != "Bearer "+r.token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if body, ok := r.archives[request.URL.Path]; ok {
		w.Write(body)
		return
	}
	if body, ok := r.answers[request.URL.Path]; ok {
		w.Write([]byte(body))
		return
	}
	w.WriteHeader(http.StatusNotFound)
}

// publish serves a version of a package.
func (r *registry) publish(name, version, node string, all texts) []byte {
	r.t.Helper()
	body := archive(r.t, all)
	sum := sha512.Sum512(body)
	answer, err := json.Marshal(map[string]any{
		"engines": map[string]string{"node": node},
		"dist":    map[string]string{"integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum[:])},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	base := name[strings.LastIndexByte(name, '/')+1:]
	r.answers["/"+name+"/"+version] = string(answer)
	r.archives["/"+name+"/-/"+base+"-"+version+".tgz"] = body
	return body
}

// scene is a build of an app.
type scene struct {
	t        *testing.T
	app      string
	layers   string
	registry *registry
	env      environ.List
	plan     packit.BuildpackPlan
	log      bytes.Buffer
	baked    string
}

func newScene(t *testing.T, app texts) *scene {
	t.Helper()
	s := &scene{t: t, app: t.TempDir(), layers: t.TempDir(), baked: t.TempDir(), registry: newRegistry(t)}
	bin := t.TempDir()
	writeAll(t, bin, texts{"node": "#!/bin/sh\nif [ \"$1\" = --version ]; then echo v20.10.0; else sh \"$@\"; fi\n"})
	s.env = environ.List{
		"PATH=" + bin + ":/usr/bin:/bin", "HOME=" + t.TempDir(), "NPM_CONFIG_REGISTRY=" + s.registry.URL, "CNB_TARGET_OS=linux", "CNB_TARGET_ARCH=arm64",
	}
	if _, ok := app["package.json"]; !ok {
		app["package.json"] = `{}`
	}
	writeAll(t, s.app, app)
	return s
}

// choose chooses the manager and its version.
func (s *scene) choose() (programs.Request, error) {
	s.t.Helper()
	place := managerchoice.Place{App: s.app, Root: s.app, Dir: s.app}
	choice, err := managerchoice.Choose(place, s.env.Get("BP_NODE_PACKAGE_MANAGER"))
	if err != nil {
		s.t.Fatal(err)
	}
	return programs.Choose(s.env, place, choice)
}

// get chooses, and installs the program.
func (s *scene) get() (programs.Program, []packit.Layer, error) {
	s.t.Helper()
	request, err := s.choose()
	if err != nil {
		s.t.Fatal(err)
	}
	s.log.Reset()
	return request.Get(packit.BuildContext{
		CNBPath: s.baked, WorkingDir: s.app, Layers: packit.Layers{Path: s.layers}, Platform: packit.Platform{Path: s.t.TempDir()}, Plan: s.plan,
	}, s.env, scribe.NewEmitter(&s.log), s.app, false)
}

// says runs a program and returns its output.
func (s *scene) says(p programs.Program, args ...string) string {
	s.t.Helper()
	cmd, err := p.Command(s.env, s.app, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	output, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%v: %s", err, output)
	}
	return strings.TrimSpace(string(output))
}
