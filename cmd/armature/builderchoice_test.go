//go:build linux

package main

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/descriptor"
	"github.com/armature-cnb/armature/platform/phases"
	"github.com/armature-cnb/armature/platform/progress"
)

// write writes a file, and the folders that it is in.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheOperatorsBuilderGoesBeforeTheApps(t *testing.T) {
	app := t.TempDir()
	write(t, app+"/b/index.json", "{}")
	for _, tc := range []struct {
		name                 string
		flags                buildFlags
		apps, inEnvironment  string
		want, by, note, fail string
	}{
		{"the flag before all", buildFlags{builder: "mine"}, "apps", "env", "mine", "", "the builder apps of the app's project.toml is not used: mine goes before", ""},
		{"the environment before the app", buildFlags{}, "./b", "env", "env", "", "./b of the app's project.toml is not used", ""},
		{"consent changes nothing about that", buildFlags{trustAppBuilder: true}, "./b", "env", "env", "", "is not used", ""},
		{"a descriptor that the operator named", buildFlags{descriptor: "x"}, "named", "env", "named", "", "", ""},
		{"the app without consent", buildFlags{}, "./b", "", "", "", "", "app-builder-untrusted"},
		{"the app's folder", buildFlags{trustAppBuilder: true}, "./b", "", app + "/b", "the app's project.toml", "chooses the builder: ./b", ""},
		{"the app's folder, as a name", buildFlags{trustAppBuilder: true}, "b", "", app + "/b", "the app's project.toml", "chooses the builder: b", ""},
		{"the app's reference", buildFlags{trustAppBuilder: true}, "registry.example/b", "", "registry.example/b", "the app's project.toml", "registry.example/b", ""},
		{"nobody", buildFlags{trustAppBuilder: true}, "", "", "", "", "", "no-builder"},
	} {
		var said bytes.Buffer
		o := phases.Options{App: app, Log: progress.New(&said, progress.Plain, func(string) string { return "" })}
		err := tc.flags.chooseBuilder(&o, &descriptor.Descriptor{Builder: tc.apps}, tc.inEnvironment)
		if tc.fail != "" {
			if !errors.Is(err, &failure.Failure{ID: tc.fail}) {
				t.Errorf("%s: got %v, want %s", tc.name, err, tc.fail)
			}
			continue
		}
		if err != nil || o.Builder != tc.want || o.BuilderBy != tc.by || !strings.Contains(said.String(), tc.note) || (tc.note == "") != (said.Len() == 0) {
			t.Errorf("%s: got %q by %q, %q, %v", tc.name, o.Builder, o.BuilderBy, &said, err)
		}
	}
}

func TestTheAppsBuilderLiesInTheApp(t *testing.T) {
	base := t.TempDir()
	app := base + "/app"
	write(t, base+"/outside/index.json", "{}")
	write(t, app+"/good/index.json", "{}")
	write(t, app+"/linked/index.json", "{}")
	for _, link := range [][2]string{{base + "/outside", app + "/link"}, {"/etc/passwd", app + "/linked/blob"}, {base, app + "/up"}} {
		if err := os.Symlink(link[0], link[1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, good := range []string{"good", "./good", app + "/good", "./link/../good"} {
		if got, err := insideApp(app, good); err != nil || got != app+"/good" {
			t.Errorf("%q: got %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{"../outside", base + "/outside", "link", "./link", "linked", "up/outside", "/", "..", "./none"} {
		if got, err := insideApp(app, bad); err == nil {
			t.Errorf("%q: got %q, want an error", bad, got)
		}
	}
	if got, err := insideApp(app, "team/builder:1"); err != nil || got != "team/builder:1" {
		t.Errorf("a reference: got %q, %v", got, err)
	}
}

// What can be known before the build comes before everything that takes long. The
// builder is not there, so that a build that began would say so.
func TestWhatABuildEndsWithIsTriedFirst(t *testing.T) {
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/v2/theirs/") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	app, builder := t.TempDir(), filepath.Join(t.TempDir(), "none")
	for _, tc := range []struct {
		name string
		args []string
		want string // how standard error begins
	}{
		{"the image's registry forbids", []string{"--tag", host + "/theirs/app", "--output", "registry"}, "[registry-refused] "},
		{"the image's registry is not there", []string{"--tag", "127.0.0.1:1/app", "--output", "registry"}, "[registry-unreachable] "},
		{"the cache's registry forbids", []string{"--tag", "app", "--cache-image", host + "/theirs/cache"}, "[registry-refused] "},
		{"the second target's cache", []string{"--tag", "app", "--cache-image", host + "/theirs/cache", "--platform", "linux/arm64,linux/amd64"}, "[registry-refused] "},
		{"the cache's name", []string{"--tag", "app", "--cache-image", "https://" + host + "/cache"}, "[image-name] "},
		{"the image's name", []string{"--tag", "https://" + host + "/app"}, "[image-name] "},
		{"two platforms in one archive", []string{"--tag", "app", "--output", "tar:x.tar", "--platform", "linux/arm64,linux/amd64"}, "[output-one-platform] "},
		{"annotations in an archive", []string{"--tag", "app", "--output", "tar:x.tar", "--annotation", "a=b"}, "[output-no-annotations] "},
		{"a label", []string{"--tag", "app", "--label", "a b=c"}, "[label-invalid] "},
		{"a time", []string{"--tag", "app", "--creation-time", "yesterday"}, "[creation-time-invalid] "},
		{"git", []string{"--tag", "app", "--git-labels"}, "[git-unreadable] "},
	} {
		_, log, status := call(t, append([]string{"build", app, "--builder", builder}, tc.args...)...)
		if status == 0 || !strings.HasPrefix(log, tc.want) {
			t.Errorf("%s: got status %d, %s, want %s", tc.name, status, log, tc.want)
		}
	}
}

func TestANameThatWasNeverBuiltIsSaidToBe(t *testing.T) {
	home := t.TempDir()
	for _, command := range []string{"run", "inspect"} {
		_, log, status := callWith(t, map[string]string{"HOME": home}, command, "never/built")
		if status != statusFailure || !strings.HasPrefix(log, "[image-not-found] no image never/built in "+home+"/.cache/armature/images, and names without a registry mean Docker Hub") {
			t.Errorf("%s: got status %d, %s", command, status, log)
		}
		if _, log, _ := callWith(t, map[string]string{"HOME": home}, command, "127.0.0.1:1/never/built"); !strings.HasPrefix(log, "[registry-unreachable] ") {
			t.Errorf("%s: got %s", command, log)
		}
	}
}
