//go:build linux

package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lockedApp makes a plain app with a lockfile, so that it is known to run no
// scripts in a build.
func lockedApp(t *testing.T) string {
	t.Helper()
	app := plainApp(t)
	lock := `{"name":"plain","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{"":{"name":"plain","version":"1.0.0"}}}`
	if err := os.WriteFile(filepath.Join(app, "package-lock.json"), []byte(lock), 0o644); err != nil {
		t.Fatal(err)
	}
	return app
}

const reusesSupervisor = "Reusing layer 'armature/npm-start:supervisor'"

// Every commit may have a tag of its own.
func TestTheNextTagBeginsWithWhatTheLastOneLeft(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	app, elsewhere := lockedApp(t), lockedApp(t)
	to := host(t).String()
	first := u.must(app, "--tag", "commits:1", "--platform", to)
	second := u.must(app, "--tag", "commits:2", "--platform", to)
	if first.digest != second.digest || strings.Contains(first.log, reusesSupervisor) || !strings.Contains(second.log, reusesSupervisor) {
		t.Errorf("got %s and %s\n%s", first.digest, second.digest, second.log)
	}
	key := []string{"--platform", to, "--cache-key", "commits"}
	third := u.must(app, append(key, "--tag", "commits:3")...)
	fourth := u.must(elsewhere, append(key, "--tag", "commits:4")...)
	if strings.Contains(third.log, reusesSupervisor) || !strings.Contains(fourth.log, reusesSupervisor) || fourth.digest != first.digest {
		t.Errorf("with a key: got %s, want %s\n%s", fourth.digest, first.digest, fourth.log)
	}
}

// One bad release of a dependency, or one branch, affects only its own images.
func TestWhatScriptsLeaveReachesNoOtherImage(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	app := lockedApp(t)
	to := host(t).String()
	want := u.must(app, "--tag", "poisoned:before", "--platform", to)
	manifest := filepath.Join(app, "package.json")
	good := read(t, manifest)
	evil := `dir=/layers/armature_npm-start/environment/env.launch; mkdir -p $dir; printf -- '--require /tmp/evil.js' > $dir/NODE_OPTIONS.override; echo canary > /cache/evil`
	if err := os.WriteFile(filepath.Join(app, "evil.sh"), []byte(evil), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(manifest, []byte(strings.Replace(good, `"scripts":{`, `"scripts":{"postinstall":"sh evil.sh",`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if b := u.must(app, "--tag", "poisoned:branch", "--platform", to); b.digest == want.digest {
		t.Fatal("the script has changed nothing: the test tries nothing")
	}
	if err := os.WriteFile(manifest, []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(app, "evil.sh")); err != nil {
		t.Fatal(err)
	}
	if got := u.must(app, "--tag", "poisoned:after", "--platform", to); got.digest != want.digest {
		t.Errorf("got %s, want %s as before\n%s", got.digest, want.digest, got.log)
	}
}
