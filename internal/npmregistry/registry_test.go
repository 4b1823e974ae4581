package npmregistry_test

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/npmregistry"
)

const standard = "https://standard.example/"

func registry(t *testing.T, text string) *npmregistry.Registry {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".npmrc"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := npmrc.Load(npmrc.Sources{Environ: environ.List{}, ProjectDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(standard)
	r, err := npmregistry.New(config, u)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAddresses(t *testing.T) {
	for _, tc := range []struct{ name, npmrc, pkg, address, want string }{
		{"npm's default", "", "a", "", "https://standard.example/a/-/a-1.0.0.tgz"},
		{"a scope", "", "@s/a", "", "https://standard.example/@s/a/-/a-1.0.0.tgz"},
		{"a registry", "registry=https://r.example/npm", "a", "", "https://r.example/npm/a/-/a-1.0.0.tgz"},
		{"a scope's registry", "registry=https://r.example/\n@s:registry=https://s.example/x", "@s/a", "", "https://s.example/x/@s/a/-/a-1.0.0.tgz"},
		{"another scope's registry", "@t:registry=https://s.example/x", "@s/a", "", "https://standard.example/@s/a/-/a-1.0.0.tgz"},
		{"the default stands for the registry", "registry=https://r.example/", "a", "https://standard.example/a/-/a-1.tgz", "https://r.example/a/-/a-1.tgz"},
		{"in a folder", "registry=http://r.example:8080/npm/", "a", "https://standard.example/a/-/a-1.tgz", "http://r.example:8080/npm/a/-/a-1.tgz"},
		{"in the same folder", "registry=https://r.example/npm/", "a", "https://standard.example/npm/a/-/a-1.tgz", "https://r.example/npm/a/-/a-1.tgz"},
		{"another host stays", "registry=https://r.example/", "a", "https://other.example/a.tgz", "https://other.example/a.tgz"},
		{"every host", "registry=https://r.example/\nreplace-registry-host=always", "a", "https://other.example/a.tgz", "https://r.example/a.tgz"},
		{"no host", "registry=https://r.example/\nreplace-registry-host=never", "a", "https://standard.example/a.tgz", "https://standard.example/a.tgz"},
		{"one host", "registry=https://r.example/\nreplace-registry-host=other.example", "a", "https://other.example/a.tgz", "https://r.example/a.tgz"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := registry(t, tc.npmrc).Archive(tc.pkg, "1.0.0", tc.address)
			if err != nil || got.String() != tc.want {
				t.Errorf("got %v, %v, want %s", got, err, tc.want)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	const text = "registry=https://r.example/npm/\n//r.example/npm/:_authToken=t\n@s:registry=https://s.example/\n//s.example/:_authToken=s"
	for _, tc := range []struct{ name, pkg, address, want string }{
		{"of the registry", "a", "https://r.example/npm/a.tgz", "Bearer t"},
		{"on the registry's host", "a", "https://r.example/files/a.tgz", "Bearer t"},
		{"on another port", "a", "https://r.example:8443/npm/a.tgz", ""},
		{"on another host", "a", "https://files.example/a.tgz", ""},
		{"of a scope", "@s/a", "https://s.example/a.tgz", "Bearer s"},
		{"of a scope, at the registry", "@s/a", "https://r.example/files/a.tgz", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at, _ := url.Parse(tc.address)
			if got := registry(t, text).Authorization(tc.pkg, at); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestIntegrity(t *testing.T) {
	encode := func(size int) string { return base64.StdEncoding.EncodeToString(make([]byte, size)) }
	for _, tc := range []struct{ name, text, want string }{
		{"sha512", "sha512-" + encode(64), "sha512"},
		{"the strongest", "sha1-" + encode(20) + " sha256-" + encode(32) + "  sha512-" + encode(64) + "?x", "sha512"},
		{"sha256", "sha256-" + encode(32), "sha256"},
		{"a weak one", "sha1-" + encode(20), ""},
		{"two of one", "sha512-" + encode(64) + " sha512-" + encode(64), ""},
		{"a short one", "sha512-" + encode(63), ""},
		{"no base64", "sha512-?", ""},
		{"nothing", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := npmregistry.Integrity(tc.text)
			if (err == nil) != (tc.want != "") || got.Algorithm != tc.want {
				t.Errorf("got %v, %v, want %q", got, err, tc.want)
			}
		})
	}
}

// server answers for the paths, counts requests, and records the credentials.
func server(t *testing.T, answers map[string]http.HandlerFunc) (address string, tokens map[string]string) {
	t.Helper()
	tokens = map[string]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens[r.URL.Path] = r.Header.Get("Authorization")
		if answer := answers[r.URL.Path]; answer != nil {
			answer(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, tokens
}

const content = "an archive"

func sum(t *testing.T, text string) checksum.Checksum {
	t.Helper()
	digest := sha512.Sum512([]byte(text))
	c, err := npmregistry.Integrity("sha512-" + base64.StdEncoding.EncodeToString(digest[:]))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func gives(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

func TestArchivesAreKept(t *testing.T) {
	address, tokens := server(t, map[string]http.HandlerFunc{"/a/-/a-1.0.0.tgz": gives(content)})
	r := registry(t, "registry="+address)
	archives := npmregistry.NewArchives(t.TempDir(), r, nil)
	w := npmregistry.Wanted{Name: "a", Version: "1.0.0", Checksum: sum(t, content)}
	for range 2 {
		path, err := archives.Get(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != content {
			t.Errorf("got %q, %v", text, err)
		}
		delete(tokens, "/none")
		if len(tokens) != 1 {
			t.Errorf("got requests for %v", tokens)
		}
	}
	damaged := archives.Path(w.Checksum)
	if err := os.WriteFile(damaged, []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	path, err := archives.Get(context.Background(), w)
	if text, _ := os.ReadFile(path); err != nil || string(text) != content {
		t.Errorf("a damaged one: got %q, %v", text, err)
	}
}

func TestAnArchiveThatDoesNotFit(t *testing.T) {
	address, _ := server(t, map[string]http.HandlerFunc{"/a.tgz": gives("another")})
	archives := npmregistry.NewArchives(t.TempDir(), registry(t, ""), nil)
	w := npmregistry.Wanted{Name: "a", Version: "1.0.0", Address: address + "/a.tgz", Checksum: sum(t, content)}
	_, err := archives.Get(context.Background(), w)
	var mismatch *checksum.MismatchError
	if !errors.As(err, &mismatch) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(archives.Path(w.Checksum)); err == nil {
		t.Error("it is kept")
	}
}

func TestARegistryThatHasItsArchivesElsewhere(t *testing.T) {
	document := func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"versions": map[string]any{"1.0.0": map[string]any{"dist": map[string]any{"tarball": "http://" + r.Host + "/download/a"}}}})
	}
	address, tokens := server(t, map[string]http.HandlerFunc{"/@s/a": document, "/download/a": gives(content)})
	host, _ := url.Parse(address)
	archives := npmregistry.NewArchives(t.TempDir(), registry(t, "registry="+address+"\n//"+host.Host+"/:_authToken=t"), nil)
	if _, err := archives.Get(context.Background(), npmregistry.Wanted{Name: "@s/a", Version: "1.0.0", Checksum: sum(t, content)}); err != nil {
		t.Fatal(err)
	}
	if tokens["/@s/a"] != "Bearer t" || tokens["/download/a"] != "Bearer t" {
		t.Errorf("got the credentials %q", tokens)
	}
	_, err := archives.Get(context.Background(), npmregistry.Wanted{Name: "b", Version: "1.0.0", Checksum: sum(t, "b")})
	var status *fetch.StatusError
	if !errors.As(err, &status) || status.Status != http.StatusNotFound {
		t.Errorf("of one that it does not have: got %v", err)
	}
}

// A token never follows a redirect to another origin.
func TestATokenStaysWithItsOrigin(t *testing.T) {
	other, otherTokens := server(t, map[string]http.HandlerFunc{"/a.tgz": gives(content)})
	address, tokens := server(t, map[string]http.HandlerFunc{"/a.tgz": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other+"/a.tgz", http.StatusFound)
	}})
	host, _ := url.Parse(address)
	archives := npmregistry.NewArchives(t.TempDir(), registry(t, "registry="+address+"\n//"+host.Host+"/:_authToken=t"), nil)
	if _, err := archives.Get(context.Background(), npmregistry.Wanted{Name: "a", Version: "1.0.0", Address: address + "/a.tgz", Checksum: sum(t, content)}); err != nil {
		t.Fatal(err)
	}
	if tokens["/a.tgz"] != "Bearer t" || otherTokens["/a.tgz"] != "" {
		t.Errorf("got %q and %q", tokens, otherTokens)
	}
}

func TestNPMsDefault(t *testing.T) {
	for name, text := range map[string]string{
		"node_modules/@npmcli/config/lib/definitions/definitions.js": "  registry: new Definition('registry', {\n    default: 'https://standard.example/',\n",
		"lib/utils/config/definitions.js":                            "define('registry', {\n  default: 'https://standard.example/',\n",
	} {
		dir := t.TempDir()
		place := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o755), os.WriteFile(place, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
		if got, err := npmregistry.Standard(dir); err != nil || got.String() != standard {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	if _, err := npmregistry.Standard(t.TempDir()); err == nil {
		t.Error("of a folder without npm: got no error")
	}
}
