//go:build linux

package phases

import (
	"archive/tar"
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// fetchedTar returns npm-install's archive of npm's cache.
func fetchedTar(contents map[string]string) string {
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for digits, text := range contents {
		name := fetchedFolder + digits[:2] + "/" + digits[2:4] + "/" + digits[4:]
		archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(text)), Mode: 0o644})
		io.WriteString(archive, text)
	}
	archive.Close()
	return out.String()
}

func digitsOf(text string) string {
	digest := sha512.Sum512([]byte(text))
	return hex.EncodeToString(digest[:])
}

// lockOf returns a lockfile whose packages have these archives: address by content.
func lockOf(archives map[string]string) string {
	packages := map[string]any{"": map[string]any{"name": "a"}}
	for text, address := range archives {
		digest := sha512.Sum512([]byte(text))
		one := map[string]any{"version": "1.0.0", "integrity": "sha512-" + base64.StdEncoding.EncodeToString(digest[:])}
		if address != "" {
			one["resolved"] = address
		}
		packages["node_modules/"+text] = one
	}
	return string(asJSON(map[string]any{"name": "a", "lockfileVersion": 3, "packages": packages}))
}

const publicAddress = "https://public.example/x.tgz"

// keeps reports whether a home has the archive of a content at an address.
func keeps(t *testing.T, h home.Home, text, address string) bool {
	t.Helper()
	sum, err := checksum.Parse("sha512:" + digitsOf(text))
	if err != nil {
		t.Fatal(err)
	}
	found, err := h.UseArchive(home.Archive{Checksum: sum, Address: address}, filepath.Join(t.TempDir(), "to"), true)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// withHome gives a site a home of its own.
func (s *site) withHome(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if s.way == sandbox.Chroot {
		t.Skip("in a chroot, folders move within one file system only")
	}
	var err error
	if s.home, err = home.Open(dir, os.Getenv); err != nil {
		t.Fatal(err)
	}
}

// shownIn returns what a build is shown, by content.
func shownIn(c call) (all []string) {
	for path, text := range c.Files {
		if name, found := strings.CutPrefix(path, platformDir+"/archives/"); found && name == digitsOf(text) {
			all = append(all, text)
		} else if found {
			all = append(all, "wrong "+text)
		}
	}
	slices.Sort(all)
	return all
}

// What one app's build fetched, another app's is shown, if its own lockfile names it.
func TestABuildIsShownWhatAnotherFetched(t *testing.T) {
	s := newSite(t, plain)
	s.withHome(t)
	write(t, s.app+"/package-lock.json", lockOf(map[string]string{"one": publicAddress, "two": publicAddress, "lie": publicAddress, "private": "https://u:p@private.example/x.tgz"}))
	fetched := map[string]string{digitsOf("one"): "one", digitsOf("two"): "two", digitsOf("lie"): "LIE", digitsOf("private"): "private", digitsOf("unnamed"): "unnamed"}
	s.script(t, fmt.Sprintf(`{"node":"node","fetched":%s}`, asJSON(fetched)))
	first := start(t, s.options())
	if _, err := RunAll(t.Context(), []*Build{first}); err != nil {
		t.Fatal(err)
	}
	if got := shownIn(first.call(t)); len(got) != 0 {
		t.Errorf("the first build is shown %q", got)
	}
	first.Close()

	other := &site{home: s.home, way: s.way, host: s.host, builders: s.builders, app: t.TempDir()}
	write(t, other.app+"/package.json", plainPackage)
	write(t, other.app+"/package-lock.json", lockOf(map[string]string{"one": publicAddress, "lie": publicAddress, "private": publicAddress, "unnamed": publicAddress}))
	second, _ := made(t, other.options())
	c := second.call(t)
	if got, want := shownIn(c), []string{"one"}; !slices.Equal(got, want) {
		t.Errorf("it is shown %q, want %q", got, want)
	}
	for _, place := range c.Writable {
		if strings.HasPrefix(place, platformDir) {
			t.Errorf("it can write to %s", place)
		}
	}
	second.Close()

	options := other.options()
	options.Network, options.ClearCache = sandbox.None, true
	third, _ := made(t, options)
	if got := shownIn(third.call(t)); len(got) != 0 {
		t.Errorf("without a network it is shown %q", got)
	}
}

// ofLock returns a build that is ready to be shown archives.
func ofLock(t *testing.T, h home.Home, lock string) *Build {
	t.Helper()
	app := appOf(t, plainPackage)
	write(t, app+"/package-lock.json", lock)
	b := ofApp(t, h, app, "app:1", targets.LinuxAMD64)
	b.root = t.TempDir()
	b.opened(t)
	b.root = t.TempDir()
	t.Cleanup(func() { b.root = "" }) // it has no lock
	write(t, b.work.Path("platform/env/X"), "")
	write(t, b.work.Path("room/layers/x"), "")
	return b
}

func TestABuildIsShownOnlyWhatItCouldFetchItself(t *testing.T) {
	const named = "https://registry.example/a/-/a-1.0.0.tgz"
	for _, tc := range []struct {
		name    string
		address string            // in the lockfile
		files   map[string]string // of the app, the builder and the platform
		env     map[string]string
		want    string // the address; empty for none
	}{
		{name: "npm's default", want: "https://npm.invalid/a/-/a-1.0.0.tgz"},
		{name: "an address", address: named, want: named},
		{name: "a registry of the app's", files: map[string]string{"app/.npmrc": "registry=https://registry.example/"}, want: named},
		{name: "a registry of the environment", env: map[string]string{"NPM_CONFIG_REGISTRY": "https://registry.example/"}, want: named},
		{name: "a registry of last resort", env: map[string]string{"BP_NPM_REGISTRY": "https://registry.example/"}, want: named},
		{name: "a registry of the builder's", files: map[string]string{"root/cnb/build-config/env/BP_NPM_REGISTRY.default": "https://registry.example/"}, want: named},
		{name: "a registry that the builder insists on", files: map[string]string{"root/cnb/build-config/env/BP_NPM_REGISTRY.override": "https://registry.example/"}},
		{name: "a registry of a binding", files: map[string]string{"platform/bindings/x/type": "npmrc\n", "platform/bindings/x/.npmrc": "registry=https://registry.example/"}, want: named},
		{name: "a binding without its file", files: map[string]string{"platform/bindings/x/type": "npmrc"}},
		{name: "two bindings", files: map[string]string{
			"platform/bindings/x/type": "npmrc", "platform/bindings/x/.npmrc": "", "platform/bindings/y/type": "NPMRC", "platform/bindings/y/.npmrc": "",
		}},
		{name: "another binding", address: named, files: map[string]string{"platform/bindings/x/type": "ca-certificates"}, want: named},
		{name: "bindings elsewhere", address: named, env: map[string]string{"SERVICE_BINDING_ROOT": "/x"}},
		{name: "a token of the app's", address: named, files: map[string]string{"app/.npmrc": "//registry.example/:_authToken=${TOKEN}"}},
		{name: "a token of a binding", address: named, files: map[string]string{"platform/bindings/x/type": "npmrc", "platform/bindings/x/.npmrc": "//registry.example/:_authToken=t"}},
		{name: "a token of the environment", address: named, env: map[string]string{"npm_config_//registry.example/:_authToken": "t"}},
		{name: "a file of the environment", address: named, env: map[string]string{"NPM_CONFIG_USERCONFIG": "/workspace/x"}},
		{name: "a global file of the environment", address: named, env: map[string]string{"npm_config_globalconfig": "/workspace/x"}},
		{name: "a setting that is no address", address: named, env: map[string]string{"BP_NPM_REGISTRY": "x"}},
		{name: "a lockfile that is none", files: map[string]string{"app/package-lock.json": "{"}},
	} {
		b := ofLock(t, openHome(t), lockOf(map[string]string{"a": tc.address}))
		tops := map[string]string{"app": b.Source(), "root": b.root, "platform": b.work.Path("platform")}
		for path, text := range tc.files {
			top, rest, _ := strings.Cut(path, "/")
			write(t, filepath.Join(tops[top], rest), text)
		}
		maps.Copy(b.Env, tc.env)
		if got := b.openArchives()[digitsOf("a")].Address; got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// One checksum is named twice: somebody's token gets one of them.
func TestWhatATokenAlsoGetsIsNotOpen(t *testing.T) {
	lock := lockOf(map[string]string{"a": publicAddress})
	var all map[string]any
	if err := json.Unmarshal([]byte(lock), &all); err != nil {
		t.Fatal(err)
	}
	packages := all["packages"].(map[string]any)
	twin := maps.Clone(packages["node_modules/a"].(map[string]any))
	twin["resolved"] = "https://u:p@private.example/a.tgz"
	packages["node_modules/b"] = twin
	b := ofLock(t, openHome(t), string(asJSON(all)))
	if got := b.openArchives(); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// The app's file may be meant to do harm.
func TestAConfigurationOfTheAppIsReadInsideOfIt(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"a pipe":     func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"a folder":   func(path string) error { return os.Mkdir(path, 0o755) },
		"elsewhere":  func(path string) error { return os.Symlink("/etc/hostname", path) },
		"no end":     func(path string) error { return os.Symlink("/dev/zero", path) },
		"very large": func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, 1<<40)) },
	} {
		b := ofLock(t, openHome(t), lockOf(map[string]string{"a": publicAddress}))
		if err := make(filepath.Join(b.Source(), ".npmrc")); err != nil {
			t.Fatal(err)
		}
		if got := b.openArchives(); len(got) != 0 {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestOnlyAnArchiveOfThisBuildHasSomethingToKeep(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func(path string) error
		want bool
	}{
		{"new", func(string) error { return nil }, true},
		{"restored", func(path string) error { return os.Chtimes(path, time.Unix(1, 0), time.Unix(1, 0)) }, false},
		{"none", os.Remove, false},
		{"a pipe", func(path string) error { return errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o644)) }, false},
		{"elsewhere", func(path string) error {
			return errors.Join(os.Rename(path, path+"x"), os.Symlink("/etc/hostname", path))
		}, false},
		{"cut off in a later one", func(path string) error {
			info, err := os.Stat(path)
			return errors.Join(err, os.Truncate(path, info.Size()-2048))
		}, true},
		{"no archive", func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("x", 5000)), 0o644) }, false},
	} {
		h := openHome(t)
		b := ofLock(t, h, lockOf(map[string]string{"a": publicAddress}))
		b.archives = b.openArchives()
		began := time.Now().Add(-time.Minute)
		file := b.work.Path("room/layers/" + fetchedFile)
		write(t, file, fetchedTar(map[string]string{digitsOf("a"): "a"})+strings.Repeat("\x00", 1024))
		if err := tc.make(file); err != nil {
			t.Fatal(err)
		}
		b.keepArchives(t.Context(), began)
		b.Close()
		if got := keeps(t, h, "a", publicAddress); got != tc.want {
			t.Errorf("%s: kept: %v, want %v", tc.name, got, tc.want)
		}
	}
}
