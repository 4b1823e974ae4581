package server_test

import (
	"os"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/server"
)

func TestARewriteLeadsToAFolderAsAPathDoes(t *testing.T) {
	address := serve(t, map[string]string{
		"guide/index.html": "a guide", "404.html": "nothing",
		"_redirects": "/r /guide 200\n/q /guide?x=1 200\n/gone /none 410\n/pass /none 200\n/pass /guide 200\n",
	}, "", server.Options{})
	for path, want := range map[string]string{"/r": "200 a guide", "/q": "200 a guide", "/gone": "410 nothing", "/pass": "200 a guide", "/": "404 nothing", "/x/y": "404 nothing"} {
		got := ask(t, "GET", address, path)
		status, body, _ := strings.Cut(want, " ")
		if got.body != body || status != map[int]string{200: "200", 404: "404", 410: "410"}[got.status] {
			t.Errorf("%s: got %d %q, want %s", path, got.status, got.body, want)
		}
	}
}

// A client that has one form of a file may ask whether it is the same with
// another.
func TestAMatchIsOneOfAllForms(t *testing.T) {
	address := serve(t, map[string]string{"a.js": long}, "", server.Options{})
	packed := ask(t, "GET", address, "/a.js", "Accept-Encoding: gzip")
	if packed.header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("got %v", packed.header)
	}
	for _, tag := range []string{packed.header.Get("Etag"), ask(t, "GET", address, "/a.js").header.Get("Etag")} {
		if got := ask(t, "GET", address, "/a.js", "If-Match: "+tag); got.status != 200 {
			t.Errorf("%s: got %d", tag, got.status)
		}
	}
	if got := ask(t, "GET", address, "/a.js", `If-Match: "x"`); got.status != 412 {
		t.Errorf("another tag: got %d", got.status)
	}
}

func TestASiteThatIsNoneIsAnError(t *testing.T) {
	for name, tc := range map[string]struct{ dir, want string }{
		"no index":    {t.TempDir(), "has no index.json"},
		"no fallback": {made(t, map[string]string{"a.html": "a"}, "none.html"), "names none.html as its fallback"},
	} {
		root, err := os.OpenRoot(tc.dir)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := server.New(root, server.Options{}); s != nil || err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v", name, err)
		}
		root.Close()
	}
}

func TestAnAnswerWithoutContentSaysNothingOfIt(t *testing.T) {
	address := serve(t, map[string]string{"a.js": long}, "", server.Options{HealthPath: "/health"})
	tag := ask(t, "GET", address, "/a.js", "Accept-Encoding: gzip").header.Get("Etag")
	got := ask(t, "GET", address, "/a.js", "Accept-Encoding: gzip", "If-None-Match: "+tag)
	if got.status != 304 || got.body != "" || got.header.Get("Etag") != tag {
		t.Errorf("got %d, %q, %v", got.status, got.body, got.header)
	}
	for _, name := range []string{"Content-Encoding", "Content-Type", "Content-Length"} {
		if value := got.header.Get(name); value != "" {
			t.Errorf("got the %s %q", name, value)
		}
	}
	if got := ask(t, "GET", address, "/health"); got.body != "ok\n" || got.header.Get("Content-Type") != "text/plain; charset=utf-8" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %q, %v", got.body, got.header)
	}
}

// What is no tag of the file is another file's, however short it is.
func TestARangeOfAnotherFileIsNotSent(t *testing.T) {
	address := serve(t, map[string]string{"a.txt": "0123456789"}, "", server.Options{})
	tag := ask(t, "GET", address, "/a.txt").header.Get("Etag")
	for same, want := range map[string]int{"x": 200, "W/" + tag: 200, tag: 206, "": 206} {
		fields := []string{"Range: bytes=2-4"}
		if same != "" {
			fields = append(fields, "If-Range: "+same)
		}
		if got := ask(t, "GET", address, "/a.txt", fields...); got.status != want || (got.body == "234") != (want == 206) {
			t.Errorf("%q: got %d %q, want %d", same, got.status, got.body, want)
		}
	}
	if got := ask(t, "HEAD", address, "/a.txt", "Range: bytes=2-4"); got.status != 200 || got.header.Get("Content-Length") != "10" {
		t.Errorf("HEAD: got %d, %v", got.status, got.header)
	}
}
