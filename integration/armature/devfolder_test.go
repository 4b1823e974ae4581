//go:build linux

package integration_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/oci"
)

// devFolder makes an app in a developer's working folder, with everything that
// a checkout lacks.
func devFolder(t *testing.T) string {
	t.Helper()
	app := checkedOut(t)
	writeFiles(t, app, map[string]string{
		".git/HEAD":                       "ref: refs/heads/main\n",
		".env":                            "KEY=secret-of-the-developer\n",
		"README.md":                       "for developers",
		"notes/todo.txt":                  "more",
		"node_modules/hello/package.json": `{"name":"hello","version":"9.9.9"}`,
		"node_modules/stale/package.json": `{"name":"stale","version":"1.0.0"}`,
	})
	return app
}

// checkedOut makes the same app as a clean checkout.
func checkedOut(t *testing.T) string {
	t.Helper()
	app := t.TempDir()
	writeFiles(t, app, map[string]string{
		".dockerignore": "node_modules\n*.md\nnotes\n.env\n.git\n",
		".gitignore":    "node_modules/\n.env\n",
		"package.json":  `{"name":"app","version":"1.0.0","scripts":{"start":"node server.js","build":"node build.js"},"dependencies":{"hello":"file:lib/hello"}}`,
		"package-lock.json": `{"name":"app","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
			"":{"name":"app","version":"1.0.0","dependencies":{"hello":"file:lib/hello"}},
			"lib/hello":{"name":"hello","version":"1.0.0"},
			"node_modules/hello":{"resolved":"lib/hello","link":true}}}`,
		"lib/hello/package.json": `{"name":"hello","version":"1.0.0"}`,
		"build.js":               `require("fs").copyFileSync("server.js", "made.js")`,
		"server.js":              `require("http").createServer((_, r) => r.end("dev")).listen(process.env.PORT || 3000)`,
		"run.sh":                 "#!/bin/sh\n",
	})
	if err := os.Chmod(filepath.Join(app, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	return app
}

// withUmask gives a folder the modes of a checkout with a umask.
func withUmask(t *testing.T, dir string, mask fs.FileMode) string {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o666)
		if info.Mode()&0o100 != 0 {
			mode = 0o777
		}
		return os.Chmod(path, mode&^mask)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestADevelopersFolderMakesTheImageOfACheckout(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	platform := host(t).String()
	want := u.must(withUmask(t, checkedOut(t), 0o022), "--tag", "checkout", "--platform", platform)
	var b built
	for _, mask := range []fs.FileMode{0o002, 0o022, 0o077} {
		b = u.must(withUmask(t, devFolder(t), mask), "--tag", "dev", "--platform", platform, "--clear-cache")
		if b.digest != want.digest {
			t.Errorf("with the umask %03o: got %s, want %s\n%s", mask, b.digest, want.digest, b.log)
		}
		for _, said := range []string{
			"Leaving out node_modules of the app: .dockerignore leaves it out, and package-lock.json says what belongs there",
			"Leaving out of the app what .dockerignore names: .env, README.md, notes",
			"Leaving out of the app image what is git's own: .git",
		} {
			if !strings.Contains(b.log, said) {
				t.Errorf("with the umask %03o it did not say %q\n%s", mask, said, b.log)
			}
		}
	}
	image, err := oci.ReadLayout(b.folder) // the others are the same
	if err != nil {
		t.Fatal(err)
	}
	forFiles(t, image, func(name string, text []byte) {
		if bytes.Contains(text, []byte("secret-of-the-developer")) || strings.Contains(name, "/.git/") || strings.Contains(name, "node_modules/stale") {
			t.Errorf("there is %s", name)
		}
	})
}

// armature does not copy what the build removes: here it could not.
func TestModulesThatAreADevelopersOwnAreNotCopied(t *testing.T) {
	u := newUser(t, 0)
	platform := host(t).String()
	want := u.must(withUmask(t, checkedOut(t), 0o022), "--tag", "checkout-uncopied", "--platform", platform)
	app := withUmask(t, devFolder(t), 0o022)
	if err := syscall.Mkfifo(filepath.Join(app, "node_modules/stale/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := u.build(app, "--tag", "dev-uncopied", "--platform", platform)
	if b.digest != want.digest || !strings.Contains(b.log, "Leaving out node_modules of the app: .dockerignore leaves it out, and package-lock.json says what belongs there") {
		t.Errorf("got status %d, %s, want %s\n%s", b.status, b.digest, want.digest, b.log)
	}
	kept := u.build(app, "--tag", "dev-copied", "--platform", platform, "--network", "none") // which keeps them
	kept.wantFailure(t, "app-file-type", "move it out")
}

func TestSettingsKeepWhatADevelopersFolderHas(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	b := u.must(devFolder(t), "--tag", "dev-kept", "--platform", host(t).String(), "--env", "BP_KEEP_GIT=true", "--env", "BP_USE_DOCKERIGNORE=false")
	if !strings.Contains(b.log, "[secret-in-image]") || !strings.Contains(b.log, ".env: variables of an environment") {
		t.Errorf("got\n%s", b.log)
	}
	image, err := oci.ReadLayout(b.folder)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	forFiles(t, image, func(name string, _ []byte) { found[strings.TrimPrefix(name, "/")] = true })
	for _, name := range []string{"workspace/.git/HEAD", "workspace/.env", "workspace/README.md"} {
		if !found[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

// Without a network nothing can be installed: existing modules stay.
func TestAFolderIsBuiltAsItIsWithoutANetwork(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	app := t.TempDir()
	writeFiles(t, app, map[string]string{
		".gitignore":                      "node_modules/\n",
		"package.json":                    `{"name":"app","version":"1.0.0","scripts":{"start":"node server.js"},"dependencies":{"hello":"1.0.0"}}`,
		"package-lock.json":               `{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"app","version":"1.0.0","dependencies":{"hello":"1.0.0"}},"node_modules/hello":{"version":"1.0.0"}}}`,
		"node_modules/hello/package.json": `{"name":"hello","version":"1.0.0"}`,
		"server.js":                       "",
	})
	b := u.must(app, "--tag", "dev-alone", "--platform", host(t).String(), "--network", "none")
	if !strings.Contains(b.log, "Taking node_modules as it is, although .gitignore leaves it out: the build has no network") {
		t.Errorf("got\n%s", b.log)
	}
}
