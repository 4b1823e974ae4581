package pnpm

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
)

func TestWhichPackagesMayRunScripts(t *testing.T) {
	packages := []deps.Package{
		{Name: "a", Version: "1.0.0"}, {Name: "@s/b", Version: "2.0.0"},
		{Name: "git", Version: "1.0.0", Source: deps.Source{Kind: deps.FromGit, Address: "git+https://git.example/git.git", Commit: "c0ffee"}},
	}
	for _, tc := range []struct {
		name, version, manifest, file string
		want                          []string // that may
		skipped                       []string // about which nothing is said
		fails                         bool
	}{
		{name: "pnpm 9: all", version: "9.0.0", want: []string{"a", "@s/b", "git"}},
		{name: "pnpm 9: a list", version: "9.0.0", manifest: `{"pnpm":{"onlyBuiltDependencies":["a"]}}`, want: []string{"a"}},
		{name: "pnpm 9: an empty list", version: "9.0.0", manifest: `{"pnpm":{"onlyBuiltDependencies":[]}}`},
		{name: "pnpm 9: all but", version: "9.0.0", manifest: `{"pnpm":{"neverBuiltDependencies":["a"]}}`, want: []string{"@s/b", "git"}},
		{name: "pnpm 9 does not read the file", version: "9.0.0", file: "onlyBuiltDependencies: [a]", want: []string{"a", "@s/b", "git"}},
		{name: "pnpm 10: none", version: "10.34.9", skipped: []string{"@s/b@2.0.0", "a@1.0.0", "git@https://git.example/git.git"}},
		{name: "pnpm 10: package.json", version: "10.34.9", manifest: `{"pnpm":{"onlyBuiltDependencies":["a"],"ignoredBuiltDependencies":["git"]}}`, want: []string{"a"}, skipped: []string{"@s/b@2.0.0"}},
		{name: "pnpm 10: the file, with versions", version: "10.34.9", file: "onlyBuiltDependencies: [a@0.9.0 || 1.0.0, '@s/b@1.0.0']", want: []string{"a"}, skipped: []string{"@s/b@2.0.0", "git@https://git.example/git.git"}},
		{name: "pnpm 10: all but", version: "10.34.9", manifest: `{"pnpm":{"neverBuiltDependencies":["a"]}}`, want: []string{"@s/b", "git"}},
		{name: "pnpm 10: all but none", version: "10.34.9", file: "neverBuiltDependencies: []", want: []string{"a", "@s/b", "git"}},
		{name: "pnpm 10: allowBuilds", version: "10.34.9", file: "allowBuilds: {a: true, '@s/b': false, git: false}", want: []string{"a"}},
		{name: "pnpm 10: a name does not allow a repository", version: "10.34.9", file: "onlyBuiltDependencies: [a, '@s/b', git]", want: []string{"a", "@s/b"}, skipped: []string{"git@https://git.example/git.git"}},
		{name: "pnpm 10 is strict if asked", version: "10.34.9", file: "strictDepBuilds: true\nallowBuilds: {a: true, git: false}", want: []string{"a"}, skipped: []string{"@s/b@2.0.0"}, fails: true},
		{name: "pnpm 11 does not read package.json", version: "11.0.0", manifest: `{"pnpm":{"onlyBuiltDependencies":["a","@s/b"]}}`, skipped: []string{"@s/b@2.0.0", "a@1.0.0", "git@https://git.example/git.git"}, fails: true},
		{name: "pnpm 11 has no onlyBuiltDependencies", version: "11.0.0", file: "onlyBuiltDependencies: [a]\nallowBuilds: {'@s/b': false, git: false}", skipped: []string{"a@1.0.0"}, fails: true},
		{name: "pnpm 12: allowBuilds", version: "12.21.0", file: "allowBuilds: {a: true, '@s/b': false, 'git@https://git.example/git.git': true}", want: []string{"a", "git"}},
		{name: "pnpm 12: all", version: "12.21.0", file: "dangerouslyAllowAllBuilds: true", want: []string{"a", "@s/b", "git"}},
		{name: "pnpm 12: a warning only", version: "12.21.0", file: "strictDepBuilds: false\nallowBuilds: {a: true, git: false}", want: []string{"a"}, skipped: []string{"@s/b@2.0.0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "package.json"), tc.manifest)
			write(t, filepath.Join(dir, workspaceFile), tc.file)
			v, err := parseVersion(tc.version)
			if err != nil {
				t.Fatal(err)
			}
			s, err := readSettings(dir, v)
			if err != nil {
				t.Fatal(err)
			}
			rule, err := newRule(v, s, dir)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range packages {
				if rule.allows(p) {
					got = append(got, p.Name)
				}
			}
			var log bytes.Buffer
			err = rule.report(scribe.NewEmitter(&log))
			if !slices.Equal(got, tc.want) || !slices.Equal(rule.skipped, tc.skipped) {
				t.Errorf("got %q and skipped %q, want %q and %q", got, rule.skipped, tc.want, tc.skipped)
			}
			if errors.Is(err, &failure.Failure{ID: "install-scripts-not-allowed"}) != tc.fails {
				t.Errorf("got %v", err)
			}
			if told := strings.Contains(log.String(), "has not run install scripts"); told != (len(tc.skipped) > 0 && !tc.fails) {
				t.Errorf("got the log %q", log.String())
			}
		})
	}
}

// write writes a text, unless it is empty: package.json is {} then.
func write(t *testing.T, path, text string) {
	t.Helper()
	if text == "" && filepath.Base(path) != "package.json" {
		return
	}
	if text == "" {
		text = "{}"
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	v, _ := parseVersion("10.34.9")
	for _, tc := range []struct{ manifest, file, id string }{
		{`{"pnpm":{"onlyBuiltDependencies":{"a":1}}}`, "", "package-json-invalid"},
		{"", "onlyBuiltDependencies: {a: 1}", invalidID},
		{"", "packages:\n\t- a", invalidID},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "package.json"), tc.manifest)
		write(t, filepath.Join(dir, workspaceFile), tc.file)
		if _, err := readSettings(dir, v); !errors.Is(err, &failure.Failure{ID: tc.id}) {
			t.Errorf("%s%s: got %v, want %s", tc.manifest, tc.file, err, tc.id)
		}
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, workspaceFile), "onlyBuiltDependenciesFile: missing.json")
	s, err := readSettings(dir, v)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newRule(v, s, dir); !errors.Is(err, &failure.Failure{ID: invalidID}) {
		t.Errorf("a missing list: got %v", err)
	}
}
