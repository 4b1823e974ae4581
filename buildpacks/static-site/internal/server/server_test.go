package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/assemble"
	"github.com/armature-cnb/armature/buildpacks/static-site/internal/server"
)

// long is a text that every encoding makes smaller.
var long = strings.Repeat("export const word = 'word';\n", 100)

// large is a content that the server does not keep in memory.
var large = strings.Repeat("0123456789abcdef", 1<<15)

// site is a site with a file of every kind.
var files = map[string]string{
	"index.html":               "<!doctype html>home",
	"about.html":               "about, a file",
	"guide/index.html":         "guide, a folder",
	"guide/404.html":           "no such guide",
	"404.html":                 "no such page",
	"assets/index-BxY3_k9a.js": long,
	"assets/style.css":         long,
	"media/film.mp4":           large,
	"empty.txt":                "",
	"with blank/ü.txt":         "ü",
	".env":                     "SECRET=1",
	".git/config":              "[core]",
	"guide/.hidden":            "hidden",
	".well-known/security.txt": "Contact: mailto:x@example.com",
	"_headers":                 "/*\n  X-Frame-Options: DENY\n/assets/*\n  ! X-Frame-Options\n  Access-Control-Allow-Origin: *\n/about\n  Cache-Control: no-store\n/u/:name\n  X-Name: :name\n/empty.txt\n  ! Cache-Control\n",
	"_redirects":               "/old/* /new/:splat 302\n/about /elsewhere\n/forced /about 301!\n/guide/ /elsewhere 308!\n/rewritten/* /about.html 200\n/gone /404 410\n/search q=:q /find/:q 301\n/away https://example.com/x\n/evil/* /:splat 302\n/u/* /about 200\n",
}

// made makes the folder of a site of some files.
func made(t *testing.T, files map[string]string, fallback string) string {
	t.Helper()
	source, dir := t.TempDir(), t.TempDir()
	for name, text := range files {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	scan, err := assemble.Open(source, assemble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer scan.Close()
	scan.Site.Fallback = fallback
	if _, err := scan.Write(dir, ""); err != nil {
		t.Fatal(err)
	}
	return dir
}

// serve serves files over loopback, and returns the server's address.
func serve(t *testing.T, files map[string]string, fallback string, options server.Options) string {
	t.Helper()
	return start(t, made(t, files, fallback), options)
}

// start serves the folder of a site.
func start(t *testing.T, dir string, options server.Options) string {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	s, err := server.New(root, options)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := s.HTTP()
	go web.Serve(listener)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		web.ShutdownWithContext(ctx)
	})
	return listener.Addr().String()
}

// answer is an answer with its body as it came.
type answer struct {
	status int
	header http.Header
	body   string
}

// client follows no redirect and unpacks nothing.
var client = &http.Client{
	Timeout:       20 * time.Second,
	Transport:     &http.Transport{DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// ask sends a request with fields, as NAME: VALUE.
func ask(t *testing.T, method, address, path string, fields ...string) answer {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+address+path, nil)
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
	return answer{response.StatusCode, response.Header, string(body)}
}

func TestPathsLeadToFiles(t *testing.T) {
	address := serve(t, files, "", server.Options{HealthPath: "/healthz"})
	for _, row := range []struct {
		name, path     string
		status         int
		body, location string
	}{
		{"the root", "/", 200, files["index.html"], ""},
		{"a query counts for nothing", "/?a=1", 200, files["index.html"], ""},
		{"a page by its file's name", "/about.html", 200, "about, a file", ""},
		{"a file goes before a redirect", "/about", 200, "about, a file", ""},
		{"a page with a slash", "/about/", 200, "about, a file", ""},
		{"a forced redirect goes before a file", "/forced", 301, "/about\n", "/about"},
		{"a forced redirect of a folder", "/guide/", 308, "/elsewhere\n", "/elsewhere"},
		{"a slash at the end of a pattern means nothing", "/guide", 308, "/elsewhere\n", "/elsewhere"},
		{"a splat, and the query goes along", "/old/a/b%20c?d=1", 302, "/new/a/b%20c?d=1\n", "/new/a/b%20c?d=1"},
		{"a rewrite", "/rewritten/x/y", 200, "about, a file", ""},
		{"a rewrite with another status", "/gone", 410, "no such page", ""},
		{"a parameter as a placeholder", "/search?q=a%2Fb", 301, "/find/a%2Fb\n", "/find/a%2Fb"},
		{"a rule whose parameter is missing", "/search", 404, "no such page", ""},
		{"another host", "/away", 301, "https://example.com/x\n", "https://example.com/x"},
		{"a splat names no host", "/evil//example.com/x", 302, "/example.com/x\n", "/example.com/x"},
		{"blanks and other letters", "/with%20blank/%C3%BC.txt", 200, "ü", ""},
		{"the well-known folder", "/.well-known/security.txt", 200, files[".well-known/security.txt"], ""},
		{"an empty file", "/empty.txt", 200, "", ""},
		{"no folder is listed", "/assets/", 404, "no such page", ""},
		{"the nearest page for what is missing", "/guide/x", 404, "no such guide", ""},
		{"a hidden file", "/.env", 404, "no such page", ""},
		{"a hidden folder", "/.git/config", 404, "no such page", ""},
		{"a hidden file below", "/guide/.hidden", 404, "no such guide", ""},
		{"the rules themselves", "/_headers", 404, "no such page", ""},
		{"the index of the server", "/index.json", 404, "no such page", ""},
		{"a compressed form", "/../br/assets/style.css", 400, "400 Bad Request\n", ""},
		{"an encoded way out", "/%2e%2e/%2e%2e/etc/passwd", 400, "400 Bad Request\n", ""},
		{"an encoded slash in it", "/assets/..%2f..%2findex.json", 400, "400 Bad Request\n", ""},
		{"a backslash", "/..%5c..%5cetc/passwd", 404, "no such page", ""},
		{"the byte 0", "/about.html%00", 400, "400 Bad Request\n", ""},
		{"health", "/healthz", 200, "ok\n", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ask(t, "GET", address, row.path)
			if got.status != row.status || got.body != row.body || got.header.Get("Location") != row.location {
				t.Errorf("got %d %q to %q, want %d %q to %q", got.status, got.body, got.header.Get("Location"), row.status, row.body, row.location)
			}
			if kind := got.header.Get("Content-Type"); row.location != "" && kind != "text/plain; charset=utf-8" {
				t.Errorf("got a redirect of type %q", kind)
			}
		})
	}
}

func TestAFolderWithoutItsSlash(t *testing.T) {
	address := serve(t, map[string]string{"index.html": "home", "docs/index.html": "docs"}, "", server.Options{})
	if got := ask(t, "GET", address, "/docs?a=1"); got.status != 301 || got.header.Get("Location") != "/docs/?a=1" {
		t.Errorf("got %d to %q", got.status, got.header.Get("Location"))
	}
	if got := ask(t, "GET", address, "//docs"); got.status != 404 {
		t.Errorf("two slashes: got %d to %q, want nothing that leads to another host", got.status, got.header.Get("Location"))
	}
	if got := ask(t, "GET", address, "/healthz"); got.status != 404 {
		t.Errorf("got %d for a health path that is off", got.status)
	}
}

func TestNoRuleTakesTheHealthPath(t *testing.T) {
	site := map[string]string{"index.html": "home", "up.html": "up, a page", "_redirects": "/* /index.html 302!\n"}
	address := serve(t, site, "", server.Options{HealthPath: "/healthz"})
	if got := ask(t, "GET", address, "/healthz"); got.status != 200 || got.body != "ok\n" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %q", got.status, got.body)
	}
	delete(site, "_redirects")
	address = serve(t, site, "", server.Options{HealthPath: "/up"})
	if got := ask(t, "GET", address, "/up"); got.status != 200 || got.body != "up, a page" {
		t.Errorf("with a file of that path: got %d %q", got.status, got.body)
	}
}

func TestTheBrowserRoutes(t *testing.T) {
	address := serve(t, map[string]string{"index.html": "shell", "assets/app.js": "js"}, "index.html", server.Options{HealthPath: "/healthz"})
	for _, row := range []struct {
		name, path, accept string
		status             int
		cache              string
	}{
		{"a route", "/users/7", "text/html,application/xhtml+xml", 200, "public, max-age=0, must-revalidate"},
		{"a route with a dot", "/users/john.doe", "*/*", 200, "public, max-age=0, must-revalidate"},
		{"a route, for a client that says nothing", "/users/7", "", 200, "public, max-age=0, must-revalidate"},
		{"a script that is gone", "/assets/gone.js", "*/*", 404, ""},
		{"a call for data", "/api/users", "application/json", 404, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ask(t, "GET", address, row.path, "Accept: "+row.accept)
			if got.status != row.status || got.header.Get("Cache-Control") != row.cache || (got.status == 200) != (got.body == "shell") {
				t.Errorf("got %d %q, %q, want %d, %q", got.status, got.body, got.header.Get("Cache-Control"), row.status, row.cache)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	address := serve(t, files, "", server.Options{})
	for _, row := range []struct {
		path string
		want map[string]string
	}{
		{"/", map[string]string{"Content-Type": "text/html; charset=utf-8", "Cache-Control": "public, max-age=0, must-revalidate", "X-Frame-Options": "DENY", "Last-Modified": "", "Server": "", "X-Content-Type-Options": "nosniff"}},
		{"/about", map[string]string{"Cache-Control": "no-store"}},
		{"/assets/index-BxY3_k9a.js", map[string]string{"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "public, max-age=31536000, immutable", "X-Frame-Options": "", "Access-Control-Allow-Origin": "*", "Vary": "Accept-Encoding", "Accept-Ranges": "bytes"}},
		{"/assets/style.css", map[string]string{"Content-Type": "text/css; charset=utf-8", "Cache-Control": "public, max-age=0, must-revalidate"}},
		{"/empty.txt", map[string]string{"Cache-Control": "", "X-Frame-Options": "DENY"}},
		{"/media/film.mp4", map[string]string{"Content-Type": "video/mp4", "Content-Length": "524288", "Vary": ""}},
		{"/u/a%0d%0aSet-Cookie:%20x=1", map[string]string{"X-Name": "aSet-Cookie: x=1", "Set-Cookie": ""}},
		{"/nothing", map[string]string{"Content-Type": "text/html; charset=utf-8", "Etag": "", "Cache-Control": "public, max-age=0, must-revalidate"}},
	} {
		got := ask(t, "GET", address, row.path)
		for name, want := range row.want {
			if value := got.header.Get(name); value != want {
				t.Errorf("%s: got %s %q, want %q", row.path, name, value, want)
			}
		}
	}
}
