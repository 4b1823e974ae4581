package npmtree_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/npmtree"
)

// What Plan makes of a lockfile is compared with npm itself in npmtree/install.
// These tests are for what goes to npm, and why.

var linux = deps.Platform{OS: "linux", CPU: "x64", Libc: deps.Glibc}

func options(npm string) npmtree.Options {
	return npmtree.Options{NPM: semver.MustParse(npm), Node: semver.MustParse("24.12.0"), Host: linux, Target: linux}
}

// app is a project with one dependency.
func app() map[string]string {
	return map[string]string{
		"package.json": `{"name":"app","dependencies":{"a":"^1.0.0"}}`,
		"package-lock.json": `{"name":"app","lockfileVersion":3,"packages":{"":{"name":"app","dependencies":{"a":"^1.0.0"}},` +
			`"node_modules/a":{"version":"1.2.0","resolved":"https://r.example/a/-/a-1.2.0.tgz","integrity":"sha512-eA==","license":"MIT"}}}`,
	}
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		place := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o755), os.WriteFile(place, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAPlan(t *testing.T) {
	got, err := npmtree.Plan(write(t, app()), options("11.19.1"))
	if err != nil {
		t.Fatal(err)
	}
	want := npmtree.Package{Place: "node_modules/a", Name: "a", Version: "1.2.0", Address: "https://r.example/a/-/a-1.2.0.tgz", Integrity: "sha512-eA=="}
	if len(got.Packages) != 1 || got.Packages[0].Place != want.Place || got.Packages[0].Address != want.Address || got.Packages[0].Integrity != want.Integrity {
		t.Errorf("got %+v, want %+v", got.Packages, want)
	}
	record, err := got.Record()
	const text = `{
  "name": "app",
  "lockfileVersion": 3,
  "requires": true,
  "packages": {
    "node_modules/a": {
      "version": "1.2.0",
      "resolved": "https://r.example/a/-/a-1.2.0.tgz",
      "integrity": "sha512-eA==",
      "license": "MIT"
    }
  }
}
`
	if err != nil || string(record) != text {
		t.Errorf("got %s, %v, want %s", record, err, text)
	}
}

func TestWhatGoesToNPM(t *testing.T) {
	for _, tc := range []struct {
		name     string
		npm      string
		file     string // of app, in which from is replaced by to
		from, to string
		want     string // in the reason
	}{
		{name: "npm 7", npm: "7.24.2", want: "known are the versions"},
		{name: "npm 8.5", npm: "8.5.5", want: "known are the versions"},
		{name: "npm 13", npm: "13.0.0", want: "known are the versions"},
		{name: "a prerelease of npm", npm: "12.0.0-pre.1", want: "known are the versions"},
		{name: "npm 11.6.1", npm: "11.6.1", want: "a way of its own"},
		{name: "npm 11.6.4", npm: "11.6.4", want: "came with no Node.js"},
		{name: "version 1", from: `"lockfileVersion":3`, to: `"lockfileVersion":1`, want: "lockfileVersion"},
		{name: "version 4", from: `"lockfileVersion":3`, to: `"lockfileVersion":4`, want: "lockfileVersion"},
		{name: "no JSON", from: `{"name":"app","lock`, to: `<<<<<<< HEAD`, want: "package-lock.json"},
		{name: "no lockfile", from: "", to: "", want: "there is no lockfile"},
		{name: "no integrity", from: `"integrity":"sha512-eA=="`, to: `"dev":false`, want: "no integrity for node_modules/a"},
		{name: "a package.json that asks for more", file: "package.json", from: `"a":"^1.0.0"`, to: `"a":"^1.0.0","b":"1"`, want: "package.json does not fit the lockfile"},
		{name: "a package.json with another range", file: "package.json", from: "^1.0.0", to: "^1.1.0", want: "package.json does not fit the lockfile"},
		{name: "a package.json with another kind", file: "package.json", from: "dependencies", to: "devDependencies", want: "package.json does not fit the lockfile"},
		{name: "overrides that are none", file: "package.json", from: `{"name"`, to: `{"overrides":"a","name"`, want: "overrides"},
		{name: "package extensions", file: "package.json", from: `{"name"`, to: `{"packageExtensions":{"a":{}},"name"`, want: "packageExtensions"},
		{name: "a version that does not fit", from: `"version":"1.2.0"`, to: `"version":"2.0.0"`, want: "asks for a ^1.0.0, and the lockfile has 2.0.0"},
		{name: "a dependency that is not there", from: `"license":"MIT"`, to: `"dependencies":{"b":"1"}`, want: "lacks b, which node_modules/a needs"},
		{name: "an optional dependency that is not there", from: `"license":"MIT"`, to: `"optionalDependencies":{"b":"1"}`, want: "lacks b, which node_modules/a needs"},
		{name: "a shrinkwrap", from: `"license":"MIT"`, to: `"hasShrinkwrap":true`, want: "a shrinkwrap of its own"},
		{name: "a git repository", from: "https://r.example/a/-/a-1.2.0.tgz", to: "git+ssh://git@r.example/a.git#1", want: "is from git"},
		{name: "a git repository with a token", from: "https://r.example/a/-/a-1.2.0.tgz", to: "git+https://ghp_x@r.example/a.git#1", want: "is from git+https://r.example/a.git"},
		{name: "a dependency on a repository with a token", from: `"license":"MIT"}`,
			to: `"dependencies":{"b":"git+https://ghp_x@r.example/b.git"}},"node_modules/b":{"version":"1.0.0","integrity":"sha512-eA=="}`, want: "asks for b git+https://r.example/b.git"},
		{name: "a file outside", from: "https://r.example/a/-/a-1.2.0.tgz", to: "file:../a.tgz", want: "is from file"},
		{name: "a path out of the project", from: `"node_modules/a":`, to: `"node_modules/../../a":`, want: "the lockfile has a package at"},
		{name: "an absolute path", from: `"node_modules/a":`, to: `"/node_modules/a":`, want: "the lockfile has a package at"},
		{name: "a hidden folder", from: `"node_modules/a":`, to: `"node_modules/.bin":`, want: "the lockfile has a package at"},
		{name: "a folder in a package", from: `"node_modules/a":`, to: `"node_modules/a/lib":`, want: "the lockfile has"},
		{name: "a link to nothing", from: `"version":"1.2.0"`, to: `"link":true`, want: "is a link to"},
		{name: "names that differ in case", from: `"node_modules/a":`, to: `"node_modules/A":{"version":"1.0.0","integrity":"sha512-eA=="},"node_modules/a":`, want: "differ only in case"},
		{name: "a program with a path", from: `"license":"MIT"`, to: `"bin":{"../a":"a.js"}`, want: "its bin"},
		{name: "a program outside", from: `"license":"MIT"`, to: `"bin":{"a":"../../a.js"}`, want: "its bin"},
		{name: "a letter that sorts by locale", from: `"license":"MIT"`, to: `"engines":{"nöde":"1"}`, want: "depends on the locale"},
		{name: "keys that sort by locale", from: `"license":"MIT"`, to: `"engines":{"é":"1","è":"1"}`, want: "depends on the locale"},
		{name: "a key that JavaScript moves", from: `"license":"MIT"`, to: `"dependencies":{"7":"1"}`, want: "in a special way"},
		{name: "for another platform, and needed", from: `"license":"MIT"`, to: `"os":["win32"]`, want: "not for this platform"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files := app()
			if tc.file == "" {
				tc.file = "package-lock.json"
			}
			if tc.npm == "" {
				tc.npm = "11.19.1"
				if !strings.Contains(files[tc.file], tc.from) {
					t.Fatalf("%s does not have %s", tc.file, tc.from)
				}
				files[tc.file] = strings.Replace(files[tc.file], tc.from, tc.to, 1)
			}
			if tc.name == "no lockfile" {
				delete(files, tc.file)
			}
			planned, err := npmtree.Plan(write(t, files), options(tc.npm))
			if err == nil {
				_, err = planned.Record()
			}
			var handover *npmtree.Handover
			if !errors.As(err, &handover) || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "ghp_") {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	for _, tc := range []struct {
		name          string
		text          string
		omit, include []string
		production    bool
		want          []string
		handover      string
	}{
		{name: "nothing"},
		{name: "the option", omit: []string{"dev"}, want: []string{"dev"}},
		{name: "NODE_ENV", production: true, want: []string{"dev"}},
		{name: "NODE_ENV, and the option", production: true, include: []string{"dev"}},
		{name: "the setting include goes before the option", text: "include=dev", omit: []string{"dev"}},
		{name: "the option goes before the setting", text: "omit=optional", omit: []string{"dev"}, want: []string{"dev"}},
		{name: "a setting", text: "omit=optional", want: []string{"optional"}},
		{name: "production", text: "production=true", want: []string{"dev"}},
		{name: "not optional", text: "optional=false", want: []string{"optional"}},
		{name: "harmless ones", text: "fund=false\n//r.example/:_authToken=x\n@s:registry=https://r.example/\nbin-links=true"},
		{name: "certificates and proxies", text: "cafile=ca.pem\nproxy=http://p.example:1\nhttps-proxy=http://p.example:1\nnoproxy=r.example\nallow-remote=all"},
		{name: "certificates in another way", text: "ca=x", handover: "ca"},
		{name: "a list of hosts without a proxy", text: "noproxy[]=r.example", handover: "noproxy"},
		{name: "addresses of the project alone", text: "allow-remote=root", handover: "allow-remote=root"},
		{name: "a list", text: "omit[]=dev", handover: "omit"},
		{name: "a strategy", text: "install-strategy=nested", handover: "install-strategy"},
		{name: "links", text: "install-links=true", handover: "install-links"},
		{name: "one that is new", text: "new-setting=1", handover: "new-setting"},
		{name: "one without a value", text: "global-style", handover: "global-style"},
		{name: "one that is on in another way", text: "offline=1", handover: "offline=1"},
		{name: "one that is off in another way", text: "optional=0", handover: "optional=0"},
		{name: "legacy peers in another way", text: "legacy-peer-deps=yes", handover: "legacy-peer-deps=yes"},
		{name: "no development in another way", text: "production=1", handover: "production=1"},
		{name: "the target", text: "os=linux\ncpu=x64\nlibc=glibc"},
		{name: "another CPU than the target's", text: "cpu=arm64", handover: "cpu=arm64"},
		{name: "another system than the target's", text: "os=darwin", handover: "os=darwin"},
		{name: "another C library than the target's", text: "libc=musl", handover: "libc=musl"},
		{name: "no links of programs", text: "bin-links=false", handover: "bin-links"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := write(t, map[string]string{".npmrc": tc.text})
			config, err := npmrc.Load(npmrc.Sources{Environ: environ.List{}, ProjectDir: dir})
			if err != nil {
				t.Fatal(err)
			}
			o := options("11.19.1")
			err = o.Configure(config, tc.omit, tc.include, tc.production)
			if tc.handover != "" {
				if err == nil || !strings.Contains(err.Error(), tc.handover) {
					t.Errorf("got %v, want %q", err, tc.handover)
				}
				return
			}
			if err != nil || !slices.Equal(o.Omit, tc.want) {
				t.Errorf("got %q, %v, want %q", o.Omit, err, tc.want)
			}
		})
	}
}

// FuzzPlan looks for a lockfile that ends the program, or leads out of the project.
func FuzzPlan(f *testing.F) {
	files := app()
	f.Add(files["package-lock.json"], files["package.json"])
	f.Add(`{"lockfileVersion":2,"packages":{"":{"workspaces":["w"]},"node_modules/w":{"link":true,"resolved":"w"},"w":{"bin":{"a":"a"}}}}`, `{"workspaces":["w"]}`)
	f.Fuzz(func(t *testing.T, lock, manifest string) {
		planned, err := npmtree.Plan(write(t, map[string]string{"package-lock.json": lock, "package.json": manifest}), options("10.9.4"))
		if err != nil {
			return
		}
		for _, p := range planned.Packages {
			if !filepath.IsLocal(p.Place) || !filepath.IsLocal(filepath.Join(p.Place, p.File)) {
				t.Errorf("a package leads to %q", p.Place)
			}
		}
		for _, p := range planned.Programs {
			if !filepath.IsLocal(p.Link) || !filepath.IsLocal(p.Target) {
				t.Errorf("a program leads to %q, %q", p.Link, p.Target)
			}
		}
		for _, l := range planned.Links {
			if !filepath.IsLocal(l.Place) || !filepath.IsLocal(l.To) {
				t.Errorf("a link leads from %q to %q", l.Place, l.To)
			}
		}
		_, _ = planned.Record()
	})
}
