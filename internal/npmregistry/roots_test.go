package npmregistry_test

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/npmregistry"
)

// The certificates of cafile are trusted, wherever the path begins, and no others.
func TestCafile(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("archive")) }))
	t.Cleanup(server.Close)
	good := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	dir, home := t.TempDir(), t.TempDir()
	for path, text := range map[string][]byte{
		filepath.Join(dir, "ca.pem"): good, filepath.Join(home, "ca.pem"): good,
		filepath.Join(dir, "empty.pem"): nil, filepath.Join(dir, "bad.pem"): []byte("no certificate"),
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		name, npmrc     string
		unset, bad, get bool
	}{
		{name: "none", unset: true},
		{name: "a path", npmrc: "cafile=" + filepath.Join(dir, "ca.pem"), get: true},
		{name: "a relative one", npmrc: "cafile=ca.pem", get: true},
		{name: "one in the home folder", npmrc: "cafile=~/ca.pem", get: true},
		{name: "one that is not there", npmrc: "cafile=other.pem", unset: true},
		{name: "an empty one", npmrc: "cafile=empty.pem", unset: true},
		{name: "one without certificates", npmrc: "cafile=bad.pem", bad: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			roots, err := npmregistry.Roots(config(t, row.npmrc), dir, home)
			if (err != nil) != row.bad || (roots == nil) != (row.unset || row.bad) {
				t.Fatalf("got %v, %v", roots, err)
			}
			if row.bad {
				return
			}
			at, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			from, err := npmregistry.New(config(t, ""), at)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha512.Sum512([]byte("archive"))
			wanted, err := checksum.Parse("sha512:" + hex.EncodeToString(sum[:]))
			if err != nil {
				t.Fatal(err)
			}
			archives := npmregistry.NewArchives(t.TempDir(), from, roots)
			defer archives.Close()
			_, err = archives.Get(context.Background(), npmregistry.Wanted{Name: "a", Version: "1.0.0", Address: server.URL + "/a.tgz", Checksum: wanted})
			if (err == nil) != row.get {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatIsInTheRegistry(t *testing.T) {
	const text = "registry=https://r.example/npm/\n@s:registry=https://s.example/"
	for _, row := range []struct {
		name, address string
		want          bool
	}{
		{"a", "https://r.example/npm/a/-/a-1.tgz", true},
		{"a", "https://standard.example/a/-/a-1.tgz", true},
		{"a", "https://r.example/other/a.tgz", false},
		{"a", "https://r.example/npm-other/a.tgz", false},
		{"a", "http://r.example/npm/a/-/a-1.tgz", false},
		{"a", "https://r.example:8443/npm/a/-/a-1.tgz", false},
		{"a", "https://files.example/a.tgz", false},
		{"@s/a", "https://s.example/a.tgz", true},
		{"@s/a", "https://r.example/npm/a.tgz", false},
		{"@t/a", "https://r.example/npm/a.tgz", true},
	} {
		if got := registry(t, text).Has(row.name, row.address); got != row.want {
			t.Errorf("%s at %s: got %t", row.name, row.address, got)
		}
	}
}
