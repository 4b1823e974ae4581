package npmlock_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
)

func TestSources(t *testing.T) {
	const forked = "https://registry.example.com/ms/-/ms-2.1.3.tgz"
	sources := npmlock.Lock{Root: npmlock.Package{Dependencies: map[string]string{"fork": forked}}}.Sources()
	for _, tc := range []struct {
		name string
		p    npmlock.Package
		want npmlock.Source
	}{
		{"a registry", npmlock.Package{Name: "ms", Resolved: "https://registry.example.com/ms/-/ms-2.1.2.tgz"}, npmlock.Source{}},
		{"a registry, scoped", npmlock.Package{Name: "@s/ms", Resolved: "https://registry.example.com/path/@s/ms/-/ms-2.1.2.tgz"}, npmlock.Source{}},
		{"a registry, scoped and escaped", npmlock.Package{Name: "@s/ms", Resolved: "https://registry.example.com/@s%2fms/-/ms-2.1.2.tgz"}, npmlock.Source{}},
		{"a registry that downloads", npmlock.Package{Name: "@s/ms", Resolved: "https://npm.example.com/download/@s/ms/1.0.0/abc"}, npmlock.Source{}},
		{"no address", npmlock.Package{Name: "ms", Version: "1.0.0"}, npmlock.Source{}},
		{"an address somebody depends on", npmlock.Package{Name: "ms", Resolved: forked}, npmlock.Source{Kind: npmlock.FromArchive, Address: forked}},
		{"an archive", npmlock.Package{Name: "ms", Resolved: "https://u:p@x.example.com/forks/ms.tgz?token=abc#x"}, npmlock.Source{Kind: npmlock.FromArchive, Address: "https://x.example.com/forks/ms.tgz"}},
		{"another package's archive", npmlock.Package{Name: "ms", Resolved: "https://registry.example.com/msx/-/msx-2.1.2.tgz"}, npmlock.Source{Kind: npmlock.FromArchive, Address: "https://registry.example.com/msx/-/msx-2.1.2.tgz"}},
		{"git over ssh", npmlock.Package{Resolved: "git+ssh://git@github.com/o/r.git#0123abc"}, npmlock.Source{Kind: npmlock.FromGit, Address: "git+ssh://github.com/o/r.git", Commit: "0123abc"}},
		{"git with ssh's own paths", npmlock.Package{Resolved: "git+ssh://git@github.com:o/r.git#0123abc"}, npmlock.Source{Kind: npmlock.FromGit, Address: "git+ssh://github.com:o/r.git", Commit: "0123abc"}},
		{"git with a token", npmlock.Package{Resolved: "git+https://tok@en:x@host/o/r.git?a=b#0123abc::path:sub"}, npmlock.Source{Kind: npmlock.FromGit, Address: "git+https://host/o/r.git", Commit: "0123abc"}},
		{"git alone", npmlock.Package{Resolved: "git://host/o/r.git#semver:^1"}, npmlock.Source{Kind: npmlock.FromGit, Address: "git+git://host/o/r.git"}},
		{"a host by its short name, version 1", npmlock.Package{Version: "github:o/r#0123abc"}, npmlock.Source{Kind: npmlock.FromGit, Address: "git+https://github.com/o/r.git", Commit: "0123abc"}},
		{"git, version 1", npmlock.Package{Version: "git+https://token:x-oauth-basic@github.com/o/r.git#0123abc"}, npmlock.Source{Kind: npmlock.FromGit, Address: "git+https://github.com/o/r.git", Commit: "0123abc"}},
		{"a file", npmlock.Package{Resolved: "file:vendor/ms.tgz"}, npmlock.Source{Kind: npmlock.FromFile, Address: "file:vendor/ms.tgz"}},
		{"a file, version 1", npmlock.Package{Version: "file:vendor/ms.tgz"}, npmlock.Source{Kind: npmlock.FromFile, Address: "file:vendor/ms.tgz"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := sources(tc.p); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
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
