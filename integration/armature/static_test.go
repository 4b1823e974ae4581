//go:build linux

package integration_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci/sizes"
)

const staticSite = "../testdata/site"

// maxStatic is how large the image of a small site may be on the run image without
// a shell, in bytes, compressed.
const maxStatic = 16_000_000

// staticImage builds a site for a target, on the run image without a shell, into a
// folder.
func staticImage(t *testing.T, u *user, app string, to targets.Target, args ...string) built {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "image")
	b := u.must(app, append(args, "--platform", to.String(), "--run-image", filepath.Join(made.stack, "run-tiny-"+to.Arch), "--output", "oci:"+folder)...)
	b.folder = folder
	return b
}

func TestASiteIsAnImageWithoutNode(t *testing.T) {
	t.Parallel()
	to := host(t)
	b := staticImage(t, newUser(t, 0), staticSite, to, "--tag", "site")
	layers, err := sizes.Of(layoutImage(t, b.folder, to), owners(t, b.folder, to))
	if err != nil {
		t.Fatal(err)
	}
	size := sizes.Image("", layers)
	t.Logf("the image has %d bytes, compressed", size.Compressed)
	if size.Compressed > maxStatic {
		t.Errorf("the image has %d bytes, compressed, want %d at most", size.Compressed, maxStatic)
	}
	forFiles(t, layoutImage(t, b.folder, to), func(name string, _ []byte) {
		if strings.HasSuffix(name, "/node") || strings.Contains(name, "node_modules") || strings.HasPrefix(strings.TrimPrefix(name, "/"), "workspace/") {
			t.Errorf("%s is in the image", name)
		}
	})
	again := staticImage(t, newUser(t, 0), staticSite, to, "--tag", "site")
	if again.digest != b.digest || !strings.Contains(again.log, "Reusing layer 'armature/static-site:site'") {
		t.Errorf("again: got %s, want %s, and its layers\n%s", again.digest, b.digest, again.log)
	}
	address, stop := running(t, newUser(t, 0), b.folder)
	callSite(t, address)
	stop()
}

// running runs an image, and returns its address and what stops it.
func running(t *testing.T, u *user, folder string) (address string, stop func()) {
	t.Helper()
	port := freePort(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := u.command(ctx, "run", folder, "--port", fmt.Sprint(port))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address = fmt.Sprintf("http://127.0.0.1:%d", port)
	if got := get(ctx, t, address+"/healthz"); got != "ok\n" {
		t.Errorf("got %q from the health path", got)
	}
	return address, func() {
		begin := time.Now()
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("after SIGTERM: got %v, want 0", err)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("it took %s to stop", took)
		}
	}
}

// callSite asks for the files of the site, as browsers do.
func callSite(t *testing.T, address string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	ask := func(method, path string, fields ...string) (*http.Response, string) {
		request, err := http.NewRequest(method, address+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range fields {
			name, value, _ := strings.Cut(field, ": ")
			request.Header.Set(name, value)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(body)
	}
	_, page := ask("GET", "/")
	_, script, _ := strings.Cut(page, `src="`)
	script, _, _ = strings.Cut(script, `"`)
	if !strings.HasPrefix(script, "/assets/index-") {
		t.Fatalf("got the page %q", page)
	}
	packed, body := ask("GET", script, "Accept-Encoding: gzip, br")
	text, err := io.ReadAll(brotli.NewReader(strings.NewReader(body)))
	if err != nil || strings.Count(string(text), "document.title = 'site'\n") != 1000 || packed.Header.Get("Content-Encoding") != "br" {
		t.Errorf("got %d bytes in %q, %v", len(text), packed.Header.Get("Content-Encoding"), err)
	}
	if got := packed.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("got Cache-Control %q for a file with a hash", got)
	}
	for _, row := range []struct {
		name, method, path string
		fields             []string
		status             int
		body               string
		header, value      string
	}{
		{"a path that the browser routes", "GET", "/users/7", []string{"Accept: text/html"}, 200, page, "Cache-Control", "public, max-age=0, must-revalidate"},
		{"a script that is gone", "GET", "/assets/gone-12345abc.js", nil, 404, "404 Not Found\n", "Cache-Control", ""},
		{"HEAD", "HEAD", script, nil, 200, "", "Content-Length", "24000"},
		{"a range", "GET", script, []string{"Range: bytes=0-7"}, 206, "document", "Content-Range", "bytes 0-7/24000"},
		{"the same again", "GET", script, []string{"Accept-Encoding: br", "If-None-Match: " + packed.Header.Get("Etag")}, 304, "", "Etag", packed.Header.Get("Etag")},
		{"a header of _headers", "GET", "/robots.txt", nil, 200, "User-agent: *\n", "X-Robots", "yes"},
		{"a redirect of _redirects", "GET", "/old/a", nil, 302, "/new/a\n", "Location", "/new/a"},
		{"the rules themselves", "GET", "/_headers", []string{"Accept: image/png"}, 404, "404 Not Found\n", "X-Robots", ""},
	} {
		response, body := ask(row.method, row.path, row.fields...)
		if response.StatusCode != row.status || body != row.body || response.Header.Get(row.header) != row.value {
			t.Errorf("%s: got %d %.80q, %s %q", row.name, response.StatusCode, body, row.header, response.Header.Get(row.header))
		}
	}
}

// The second group of the order: without a package.json nothing of Node.js is
// there, not even in the build.
func TestAFolderOfFilesNeedsNoNode(t *testing.T) {
	t.Parallel()
	app := t.TempDir()
	writeFiles(t, app, map[string]string{"index.html": "hello\n", "about/index.html": "about\n", "404.html": "none\n"})
	to := host(t)
	b := staticImage(t, newUser(t, 0), app, to, "--tag", "files", "--network", "none")
	if strings.Contains(b.log, "armature/node-engine ") {
		t.Errorf("Node.js is in the build\n%s", b.log)
	}
	for _, owner := range owners(t, b.folder, to) {
		if strings.HasPrefix(owner, "armature/") && !strings.HasPrefix(owner, "armature/static-site:") {
			t.Errorf("the image has the layer %s", owner)
		}
	}
	address, stop := running(t, newUser(t, 0), b.folder)
	for path, want := range map[string]string{"/": "hello\n", "/about/": "about\n", "/about": "about\n"} { // the last by a redirect
		if got := get(t.Context(), t, address+path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	response, err := http.Get(address + "/nothing")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 404 || string(body) != "none\n" {
		t.Errorf("got %d %q, %v", response.StatusCode, body, err)
	}
	stop()
}
