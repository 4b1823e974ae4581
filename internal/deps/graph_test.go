package deps_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
)

func TestRunsOn(t *testing.T) {
	for _, tc := range []struct {
		name          string
		os, cpu, libc []string
		want          bool
	}{
		{name: "nothing said", want: true},
		{name: "named", os: []string{"darwin", "linux"}, cpu: []string{"arm64"}, libc: []string{"glibc"}, want: true},
		{name: "another architecture", os: []string{"linux"}, cpu: []string{"x64"}},
		{name: "another C library", libc: []string{"musl"}},
		{name: "forbidden", os: []string{"!linux"}},
		{name: "another one forbidden", os: []string{"!win32"}, want: true},
		{name: "any", os: []string{"any"}, want: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := deps.Package{OS: tc.os, CPU: tc.cpu, Libc: tc.libc}
			if got := p.RunsOn(deps.PlatformOf(targets.LinuxARM64)); got != tc.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestForAnyTarget(t *testing.T) {
	for packages, want := range map[string]bool{
		`"node_modules/a": {}`: true,
		`"node_modules/a": {"dev": true, "cpu": ["x64"], "hasInstallScript": true}`:  true, // is not installed
		`"": {"hasInstallScript": true}, "node_modules/a": {}`:                       true, // the project's own
		`"node_modules/a": {"hasInstallScript": true}`:                               false,
		`"node_modules/a": {}, "node_modules/a/node_modules/b": {"libc": ["glibc"]}`: false,
		`"node_modules/a": {"optional": true, "os": ["darwin"]}`:                     false,
	} {
		lock, err := npmlock.Parse([]byte(`{"lockfileVersion": 3, "packages": {` + packages + `}}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := lock.ForAnyTarget(); got != want {
			t.Errorf("%s: got %v", packages, got)
		}
	}
	if (deps.Graph{Version: 1, Sparse: true}).ForAnyTarget() {
		t.Error("a format that does not say it: got true")
	}
}

// As Node.js does, Resolve searches from the innermost node_modules.
func TestResolve(t *testing.T) {
	g := deps.Graph{Packages: []deps.Package{
		{Path: "../out", Name: "out"},
		{Path: "../out/node_modules/a", Version: "3.0.0"},
		{Path: "../out/node_modules/b", Version: "3.0.0"},
		{Path: "node_modules/@s/p", Version: "1.0.0"},
		{Path: "node_modules/@s/p/node_modules/a", Version: "2.0.0"},
		{Path: "node_modules/@s/p/node_modules/memory"},
		{Path: "node_modules/a", Version: "1.0.0"},
		{Path: "node_modules/from-git", Source: deps.Source{Kind: deps.FromGit}},
		{Path: "node_modules/memory", Version: "1.0.0"},
		{Path: "packages/w", Name: "w"},
		{Path: "packages/w/node_modules/a", Version: "4.0.0"},
	}}
	for _, tc := range []struct{ from, name, want string }{
		{"", "a", "node_modules/a"},
		{"node_modules/@s/p", "a", "node_modules/@s/p/node_modules/a"},
		{"node_modules/@s/p/node_modules/a", "a", "node_modules/@s/p/node_modules/a"},
		{"node_modules/@s/p", "@s/p", "node_modules/@s/p"},
		{"node_modules/@s/p", "memory", "node_modules/memory"},
		{"node_modules/a", "from-git", "node_modules/from-git"},
		{"packages/w", "a", "packages/w/node_modules/a"},
		{"packages/w", "@s/p", "node_modules/@s/p"},
		{"../out/node_modules/a", "b", "../out/node_modules/b"},
		{"../out", "@s/p", ""},
		{"node_modules/a", "none", ""},
	} {
		got, found := g.Resolve(tc.from, tc.name)
		if got.Path != tc.want || found != (tc.want != "") {
			t.Errorf("%s from %q: got %q, %v, want %q", tc.name, tc.from, got.Path, found, tc.want)
		}
	}
}
