package modules

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
)

// Package URLs have a package's source, without credentials.
func TestComponentsTellTheirSources(t *testing.T) {
	const integrity = "sha512-Tpp60P6IUJDTuOq/5Z8cdskzJujfwqfOTkrwIwj7IRISpnkJnT6SyJ4PCPnGMoFjC9ddhal5KVIYtAt97ix05A=="
	const digits = "4e9a7ad0fe885090d3b8eabfe59f1c76c93326e8dfc2a7ce4e4af02308fb211212a679099d3e92c89e0f08f9c63281630bd75d85a979295218b40b7dee2c74e4"
	for _, tc := range []struct {
		name string
		p    deps.Package
		want string
	}{
		{"a registry", deps.Package{Name: "ms", Version: "2.0.0", Integrity: integrity}, "pkg:npm/ms@2.0.0"},
		{"git", deps.Package{Name: "built-lib", Version: "1.0.0", Source: deps.Source{Kind: deps.FromGit, Address: "git+https://h.example.com/lib.git", Commit: "f38794de"}}, "pkg:npm/built-lib@1.0.0?vcs_url=git%2Bhttps://h.example.com/lib.git@f38794de"},
		{"git without a version", deps.Package{Name: "lib", Source: deps.Source{Kind: deps.FromGit, Address: "git+ssh://h/lib.git", Commit: "f38794de"}}, "pkg:npm/lib@f38794de?vcs_url=git%2Bssh://h/lib.git@f38794de"},
		{"an archive", deps.Package{Name: "ms", Version: "2.0.0", Integrity: integrity, Source: deps.Source{Kind: deps.FromArchive, Address: "https://h.example.com/ms.tgz"}}, "pkg:npm/ms@2.0.0?checksum=sha512:" + digits + "&download_url=https://h.example.com/ms.tgz"},
		{"a file", deps.Package{Name: "@s/ms", Version: "2.0.0", Integrity: integrity, Source: deps.Source{Kind: deps.FromFile, Address: "file:vendor/ms.tgz"}}, "pkg:npm/%40s/ms@2.0.0?checksum=sha512:" + digits + "&download_url=file:vendor/ms.tgz"},
		{"a file without a version or a commit", deps.Package{Name: "ms", Source: deps.Source{Kind: deps.FromFile, Address: "file:vendor/ms.tgz"}}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if c, ok := component(tc.p); c.PURL != tc.want || ok != (tc.want != "") {
				t.Errorf("got %q, %v, want %q", c.PURL, ok, tc.want)
			}
		})
	}
}

func TestManifestsOfPackages(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       manifest
	}{
		{"one", `{"name":"a","version":"1.0.0","license":"MIT"}`, manifest{"a", "1.0.0", "MIT"}},
		{"a byte order mark", "\xef\xbb\xbf" + `{"name":"a","version":"1.0.0","license":"MIT"}`, manifest{"a", "1.0.0", "MIT"}},
		{"an object for a license", `{"name":"a","version":"1.0.0","license":{"type":"ISC"}}`, manifest{"a", "1.0.0", "ISC"}},
		{"none", "\xef\xbb\xbf[", manifest{}},
	} {
		path := filepath.Join(t.TempDir(), "package.json")
		if err := os.WriteFile(path, []byte(tc.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := readManifest(path); got != tc.want {
			t.Errorf("%s: got %+v, want %+v", tc.name, got, tc.want)
		}
	}
}
