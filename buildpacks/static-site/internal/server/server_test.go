package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

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
	"_headers":                 "/*\n  X-Frame-Options: DENY\n/assets/*\n  ! X-Frame-Options\n  Access-Control-Allow-Origin: *\n/about\n  Cache-Control: no-store\n/u/:name\n  X-Name: :name\n",
	"_redirects":               "/old/* /new/:splat 302\n/about /elsewhere\n/forced /about 301!\n/guide/ /elsewhere 308!\n/rewritten/* /about.html 200\n/gone /404 410\n/search q=:q /find/:q 301\n/away https://example.com/x\n/evil/* /:splat 302\n/u/* /about 200\n",
}

// serve serves files over loopback, and returns the server's address.
func serve(t *testing.T, files map[string]string, fallback string, options server.Options) string {
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
		{"/media/film.mp4", map[string]string{"Content-Type": "video/mp4", "Content-Length": "524288", "Vary": ""}},
		{"/u/a%0d%0aSet-Cookie:%20x=1", map[string]string{"X-Name": "aSet-Cookie: x=1", "Set-Cookie": ""}},
		{"/nothing", map[string]string{"Content-Type": "text/html; charset=utf-8", "Etag": ""}},
	} {
		got := ask(t, "GET", address, row.path)
		for name, want := range row.want {
			if value := got.header.Get(name); value != want {
				t.Errorf("%s: got %s %q, want %q", row.path, name, value, want)
			}
		}
	}
}

// unpack reads a body in some encoding.
func unpack(t *testing.T, encoding, body string) string {
	t.Helper()
	var reader io.Reader = strings.NewReader(body)
	switch encoding {
	case "br":
		reader = brotli.NewReader(reader)
	case "gzip":
		unzipped, err := gzip.NewReader(reader)
		if err != nil {
			t.Fatal(err)
		}
		reader = unzipped
	case "zstd":
		decoder, err := zstd.NewReader(reader)
		if err != nil {
			t.Fatal(err)
		}
		defer decoder.Close()
		reader = decoder
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheClientChoosesTheEncoding(t *testing.T) {
	address := serve(t, files, "", server.Options{})
	tags := map[string]string{}
	for _, row := range []struct{ name, path, accept, want string }{
		{"none", "/assets/style.css", "", ""},
		{"gzip", "/assets/style.css", "gzip, deflate", "gzip"},
		{"br", "/assets/style.css", "br", "br"},
		{"zstd", "/assets/style.css", "ZSTD", "zstd"},
		{"the one with most weight", "/assets/style.css", "br;q=0.1, gzip; q=0.5", "gzip"},
		{"not the one with none", "/assets/style.css", "br;q=0, zstd;q=0, *", "gzip"},
		{"none with a wrong weight", "/assets/style.css", "br;q=x", ""},
		{"an unknown one", "/assets/style.css", "deflate", ""},
		{"none for a film", "/media/film.mp4", "br, gzip, zstd", ""},
		{"none for a page that is too small", "/", "br, gzip, zstd", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ask(t, "GET", address, row.path, "Accept-Encoding: "+row.accept)
			if got.header.Get("Content-Encoding") != row.want {
				t.Fatalf("got %q, want %q", got.header.Get("Content-Encoding"), row.want)
			}
			if row.path != "/assets/style.css" {
				return
			}
			if got.header.Get("Content-Length") != fmt.Sprint(len(got.body)) || unpack(t, row.want, got.body) != long || row.want != "" && len(got.body) >= len(long) {
				t.Errorf("got %s bytes, %q", got.header.Get("Content-Length"), got.body)
			}
			tag := got.header.Get("Etag")
			if before, known := tags[row.want]; known && before != tag || tag == "" {
				t.Errorf("got the tag %q, want %q as before", tag, before)
			}
			tags[row.want] = tag
		})
	}
	seen := map[string]bool{}
	for _, tag := range tags {
		seen[tag] = true
	}
	if len(seen) != 4 {
		t.Errorf("got %v, want a tag for each encoding", tags)
	}
}

func TestConditionsAndRanges(t *testing.T) {
	address := serve(t, files, "", server.Options{})
	const path = "/media/film.mp4"
	tag := ask(t, "GET", address, path).header.Get("Etag")
	if len(tag) < 10 {
		t.Fatalf("got the tag %q", tag)
	}
	for _, row := range []struct {
		name   string
		fields []string
		status int
		body   string
		span   string
	}{
		{"the same", []string{"If-None-Match: " + tag}, 304, "", ""},
		{"one of a list, made weak by a proxy", []string{`If-None-Match: "x", W/` + tag}, 304, "", ""},
		{"any", []string{"If-None-Match: *"}, 304, "", ""},
		{"another", []string{`If-None-Match: "x"`}, 200, large, ""},
		{"a date says nothing", []string{"If-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT"}, 200, large, ""},
		{"wanted as it is", []string{"If-Match: " + tag}, 200, large, ""},
		{"wanted as it was", []string{`If-Match: "x"`}, 412, "412 Precondition Failed\n", ""},
		{"a range", []string{"Range: bytes=16-19"}, 206, "0123", "bytes 16-19/524288"},
		{"from a byte", []string{"Range: bytes=524286-"}, 206, "ef", "bytes 524286-524287/524288"},
		{"the last bytes", []string{"Range: bytes=-3"}, 206, "def", "bytes 524285-524287/524288"},
		{"beyond the end", []string{"Range: bytes=524286-999999"}, 206, "ef", "bytes 524286-524287/524288"},
		{"after the end", []string{"Range: bytes=524288-"}, 416, "416 Requested Range Not Satisfiable\n", "bytes */524288"},
		{"the last 0 bytes", []string{"Range: bytes=-0"}, 416, "416 Requested Range Not Satisfiable\n", "bytes */524288"},
		{"several", []string{"Range: bytes=0-1,4-5"}, 200, large, ""},
		{"another unit", []string{"Range: lines=1-2"}, 200, large, ""},
		{"backwards", []string{"Range: bytes=5-4"}, 200, large, ""},
		{"of the same", []string{"Range: bytes=0-0", "If-Range: " + tag}, 206, "0", "bytes 0-0/524288"},
		{"of another", []string{"Range: bytes=0-0", `If-Range: "x"`}, 200, large, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ask(t, "GET", address, path, row.fields...)
			if got.status != row.status || got.body != row.body || got.header.Get("Content-Range") != row.span {
				t.Errorf("got %d, %d bytes %.40q, %q", got.status, len(got.body), got.body, got.header.Get("Content-Range"))
			}
			if row.status == 304 && got.header.Get("Etag") != tag {
				t.Errorf("got the tag %q with 304", got.header.Get("Etag"))
			}
		})
	}
}

func TestMethods(t *testing.T) {
	address := serve(t, files, "", server.Options{})
	for _, path := range []string{"/assets/style.css", "/media/film.mp4", "/nothing"} {
		get, head := ask(t, "GET", address, path), ask(t, "HEAD", address, path)
		if head.status != get.status || head.body != "" {
			t.Errorf("HEAD %s: got %d %q, want %d", path, head.status, head.body, get.status)
		}
		get.header.Del("Date")
		head.header.Del("Date")
		if got, want := fmt.Sprint(head.header), fmt.Sprint(get.header); got != want {
			t.Errorf("HEAD %s: got %s, want %s", path, got, want)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
		if got := ask(t, method, address, "/"); got.status != 405 || got.header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("%s: got %d, %q", method, got.status, got.header.Get("Allow"))
		}
	}
	if got := ask(t, "OPTIONS", address, "/"); got.status != 204 || got.header.Get("Allow") == "" {
		t.Errorf("OPTIONS: got %d", got.status)
	}
}

// raw sends bytes, and returns the first line of the answer.
func raw(t *testing.T, address, text string) string {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 12)
	if _, err := io.ReadFull(connection, line); err != nil {
		t.Fatal(err)
	}
	return string(line)
}

func TestRequestsThatNoClientSends(t *testing.T) {
	address := serve(t, files, "", server.Options{})
	for _, row := range []struct{ name, text, want string }{
		{"no HTTP", "hello\r\n\r\n", "HTTP/1.1 400"},
		{"a header that is too large", "GET / HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("x", 20<<10) + "\r\n\r\n", "HTTP/1.1 431"},
		{"a body that is too large", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", "HTTP/1.1 413"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 400"},
		{"the absolute form", "GET http://example.com/about.html HTTP/1.1\r\nHost: example.com\r\n\r\n", "HTTP/1.1 200"},
		{"a path that is no path", "GET about.html HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400"},
		{"dots, not encoded", "GET /assets/../index.html HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := raw(t, address, row.text); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// The second request of a connection may be part of the first one's body, for a
// proxy that reads the first one in another way.
func TestAConnectionEndsAfterABody(t *testing.T) {
	address := serve(t, files, "", server.Options{})
	for _, row := range []struct {
		name, text string
		answers    int
	}{
		{"none", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 2},
		{"a length", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", 1},
		{"chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 1},
	} {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		connection.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprint(connection, row.text+"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		text, err := io.ReadAll(connection)
		if got := strings.Count(string(text), "HTTP/1.1 "); got != row.answers {
			t.Errorf("%s: got %d answers, %v, want %d:\n%s", row.name, got, err, row.answers, text)
		}
	}
}

func TestTheAccessLog(t *testing.T) {
	var log bytes.Buffer
	address := serve(t, files, "", server.Options{AccessLog: &log})
	ask(t, "GET", address, "/about.html?x=%0a")
	got := log.String()
	if !strings.Contains(got, ` GET "/about.html?x=%0a" 200 13 `) || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
}
