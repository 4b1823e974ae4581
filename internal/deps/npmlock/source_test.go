package npmlock_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
)

// entry is a lockfile's entry.
type entry struct{ name, version, resolved string }

func TestSources(t *testing.T) {
	const forked = "https://registry.example.com/ms/-/ms-2.1.3.tgz"
	for _, tc := range []struct {
		name    string
		p       entry
		version int
		want    deps.Source
	}{
		{"a registry", entry{"ms", "", "https://registry.example.com/ms/-/ms-2.1.2.tgz"}, 3, deps.Source{}},
		{"a registry, scoped", entry{"@s/ms", "", "https://registry.example.com/path/@s/ms/-/ms-2.1.2.tgz"}, 3, deps.Source{}},
		{"a registry, scoped and escaped", entry{"@s/ms", "", "https://registry.example.com/@s%2fms/-/ms-2.1.2.tgz"}, 3, deps.Source{}},
		{"a registry that downloads", entry{"@s/ms", "", "https://npm.example.com/download/@s/ms/1.0.0/abc"}, 3, deps.Source{}},
		{"no address", entry{"ms", "1.0.0", ""}, 3, deps.Source{}},
		{"an address somebody depends on", entry{"ms", "", forked}, 3, deps.Source{Kind: deps.FromArchive, Address: forked}},
		{"an archive", entry{"ms", "", "https://u:p@x.example.com/forks/ms.tgz?token=abc#x"}, 3, deps.Source{Kind: deps.FromArchive, Address: "https://x.example.com/forks/ms.tgz"}},
		{"another package's archive", entry{"ms", "", "https://registry.example.com/msx/-/msx-2.1.2.tgz"}, 3, deps.Source{Kind: deps.FromArchive, Address: "https://registry.example.com/msx/-/msx-2.1.2.tgz"}},
		{"git over ssh", entry{"x", "", "git+ssh://git@github.com/o/r.git#0123abc"}, 3, deps.Source{Kind: deps.FromGit, Address: "git+ssh://github.com/o/r.git", Commit: "0123abc"}},
		{"git with ssh's own paths", entry{"x", "", "git+ssh://git@github.com:o/r.git#0123abc"}, 3, deps.Source{Kind: deps.FromGit, Address: "git+ssh://github.com:o/r.git", Commit: "0123abc"}},
		{"git with a token", entry{"x", "", "git+https://tok@en:x@host/o/r.git?a=b#0123abc::path:sub"}, 3, deps.Source{Kind: deps.FromGit, Address: "git+https://host/o/r.git", Commit: "0123abc"}},
		{"git alone", entry{"x", "", "git://host/o/r.git#semver:^1"}, 3, deps.Source{Kind: deps.FromGit, Address: "git+git://host/o/r.git"}},
		{"a host by its short name, version 1", entry{"x", "github:o/r#0123abc", ""}, 1, deps.Source{Kind: deps.FromGit, Address: "git+https://github.com/o/r.git", Commit: "0123abc"}},
		{"git, version 1", entry{"x", "git+https://token:x-oauth-basic@github.com/o/r.git#0123abc", ""}, 1, deps.Source{Kind: deps.FromGit, Address: "git+https://github.com/o/r.git", Commit: "0123abc"}},
		{"a file", entry{"x", "", "file:vendor/ms.tgz"}, 3, deps.Source{Kind: deps.FromFile, Address: "file:vendor/ms.tgz"}},
		{"a file, version 1", entry{"x", "file:vendor/ms.tgz", ""}, 1, deps.Source{Kind: deps.FromFile, Address: "file:vendor/ms.tgz"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := fmt.Sprintf(`{"lockfileVersion":3,"packages":{"":{"dependencies":{"fork":%q}},"node_modules/%s":{"version":%q,"resolved":%q}}}`, forked, tc.p.name, tc.p.version, tc.p.resolved)
			if tc.version == 1 {
				text = fmt.Sprintf(`{"lockfileVersion":1,"dependencies":{%q:{"version":%q}}}`, tc.p.name, tc.p.version)
			}
			lock, err := npmlock.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if got := lock.Packages[0]; got.Source != tc.want || strings.Contains(got.Version, ":") {
				t.Errorf("got %+v of version %q, want %+v", got.Source, got.Version, tc.want)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	for _, tc := range []struct {
		text, without string
		has           bool
	}{
		{`"resolved": "https://user:pa@ss@h.example.com:8080/a/-/a.tgz"`, `"resolved": "https://h.example.com:8080/a/-/a.tgz"`, true},
		{`"git+https://ghp_abc@github.com/o/r.git#1"`, `"git+https://github.com/o/r.git#1"`, true},
		{`"git+ssh://git@github.com/o/r.git#1"`, `"git+ssh://git@github.com/o/r.git#1"`, false},
		{`"git+ssh://git:secret@github.com/o/r.git#1"`, `"git+ssh://git@github.com/o/r.git#1"`, true},
		{`"https://h/a.tgz?a=1&private_token=x-y.z&b=2"`, `"https://h/a.tgz?a=1&private_token=&b=2"`, true},
		{`"https://h/a.tgz?sv=1&sig=abc%3D"`, `"https://h/a.tgz?sv=1&sig="`, true},
		{`"https://h/@scope/a/-/a-1.0.0.tgz"`, `"https://h/@scope/a/-/a-1.0.0.tgz"`, false},
		{`"https://h/a" , "@scope/b@1"`, `"https://h/a" , "@scope/b@1"`, false},
		{`"https://@h/a"`, `"https://h/a"`, false},
	} {
		if got := string(npmlock.WithoutCredentials([]byte(tc.text))); got != tc.without {
			t.Errorf("got %s, want %s", got, tc.without)
		}
		if got := npmlock.HasCredentials([]byte(tc.text)); got != tc.has {
			t.Errorf("%s: got %v, want %v", tc.text, got, tc.has)
		}
	}
}
