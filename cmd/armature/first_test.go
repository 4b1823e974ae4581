//go:build linux

package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Checks that need no build run before everything slow. The builder does not
// exist, so a build that began would report that.
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
		want string // the beginning of standard error
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
