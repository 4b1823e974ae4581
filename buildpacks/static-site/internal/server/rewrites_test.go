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
