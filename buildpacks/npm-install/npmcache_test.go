package npminstall_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// cached returns the index of npm's cache in a folder of layers, and how many
// contents there are.
func cached(t *testing.T, layers string) (index string, contents int) {
	t.Helper()
	unpacked := t.TempDir()
	command := exec.Command("tar", "-xf", filepath.Join(layers, "npm-cache", "downloads.tar"), "-C", unpacked)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %s", err, output)
	}
	for path, text := range treeOf(t, filepath.Join(unpacked, "_cacache")) {
		switch {
		case strings.Contains(path, "/index-v5/"):
			index += text
		case strings.Contains(path, "/content-v2/") && strings.HasPrefix(text, "-"): // a regular file
			contents++
		}
	}
	return index, contents
}

// freshApp leaves the project as it comes for the next build.
func (s *scene) freshApp() {
	s.t.Helper()
	if err := os.RemoveAll(filepath.Join(s.app, "node_modules")); err != nil {
		s.t.Fatal(err)
	}
}

func TestNPMsCacheHoldsWhatTheLockfileNeeds(t *testing.T) {
	t.Parallel()
	for _, line := range npmLines {
		t.Run("npm "+line, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.env = s.env.With("PATH", npmOf(t, line)+":"+s.env.Get("PATH"))
			layers := t.TempDir()
			s.npms.publish("@scope/word", "1.0.0", nil, nil)
			s.npms.publish("@scope/word", "1.1.0", nil, nil)
			s.npms.publish("old", "1.0.0", nil, nil)

			s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"@scope/word":"1.0.0","old":"1.0.0"}}`})
			s.npms.lock(s.env, s.app)
			if err, log := s.build(layers); err != nil {
				t.Fatalf("%s\n%s", err, log)
			}
			_, first := cached(t, layers)

			s.freshApp()
			s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"@scope/word":"1.1.0"}}`})
			if err := os.Remove(filepath.Join(s.app, "package-lock.json")); err != nil {
				t.Fatal(err)
			}
			s.npms.lock(s.env, s.app)
			if err, log := s.build(layers); err != nil {
				t.Fatalf("%s\n%s", err, log)
			}
			index, second := cached(t, layers)
			if strings.Contains(index, "/old") || strings.Contains(index, "word/-/x--1.0.0.tgz") {
				t.Errorf("what is no longer needed is still there:\n%s", index)
			}
			if second >= first || second == 0 {
				t.Errorf("got %d contents after %d, want fewer", second, first)
			}

			s.freshApp()
			s.npms.Close()
			s.env = s.env.With("NPM_CONFIG_OFFLINE", "true")
			if err, log := s.build(layers); err != nil || !strings.Contains(log, "Installing the packages of the lockfile") {
				t.Errorf("what is needed is not there: %v\n%s", err, log)
			}
		})
	}
}

// The cache that the app brings is enough, with a registry that refuses and
// with npm told to be offline; and it is not trimmed, for another build may
// need what is in it.
func TestAVendoredCacheIsEnough(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][2]string{
		"with a registry that refuses": {"NPM_CONFIG_LOGLEVEL", "error"},
		"offline":                      {"NPM_CONFIG_OFFLINE", "true"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.write(onTool)
			s.npms.lock(s.env, s.app)
			cache := filepath.Join(s.app, "npm-cache")
			vendor := func() {
				t.Helper()
				npm(t, s.env.With("npm_config_cache", cache), s.app, "ci", "--cache", cache, "--cpu=arm64", "--no-audit")
				s.freshApp()
			}
			vendor()
			more := files{"npm-cache/more": "of another build\n"}
			s.write(more)
			s.npms.Close()
			s.env = s.env.With(settings[0], settings[1])
			layers := t.TempDir()
			if err, log := s.build(layers); err != nil {
				t.Fatalf("%s\n%s", err, log)
			}
			if _, err := os.Stat(filepath.Join(layers, "npm-cache", "more")); err != nil {
				t.Errorf("the cache is trimmed: %s", err)
			}
			if _, err := os.Stat(filepath.Join(layers, "npm-cache", "_logs")); err == nil {
				t.Error("npm's logs are in the cache")
			}
		})
	}
}

// Between builds the cache is one file, which stays as it is when npm installs
// nothing, whatever a build script leaves beside it.
func TestNPMsCacheIsOneFileBetweenBuilds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	archive := f.in("npm-cache", "downloads.tar")
	upload := func(word string) func() {
		return func() {
			f.withLock(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"word":"` + word + `"},` +
				`"scripts":{"build":"mkdir -p $npm_config_cache/_cacache && date >$npm_config_cache/_cacache/more"}}`})
		}
	}
	build := func() []byte {
		t.Helper()
		f.built(wants(map[string]any{"launch": true}))
		f.Expect(filepath.Glob(f.in("npm-cache", "*"))).To(Equal([]string{archive}))
		content, err := os.ReadFile(archive)
		f.Expect(err).NotTo(HaveOccurred())
		return content
	}
	upload("1.0.0")()
	first := build()

	f.next(upload("1.0.0"))
	f.Expect(os.WriteFile(filepath.Join(f.app, "server.js"), nil, 0o644)).To(Succeed())
	f.Expect(build()).To(Equal(first))
	f.Expect(f.log.String()).NotTo(ContainSubstring("Running 'npm ci"))

	f.next(upload("1.1.0"))
	f.Expect(build()).NotTo(Equal(first))

	for _, damaged := range [][]byte{first[:600], bytes.Repeat([]byte("x"), 2048), nil} {
		f.next(upload("1.0.0"))
		f.Expect(os.WriteFile(archive, damaged, 0o644)).To(Succeed())
		f.Expect(os.Remove(f.in("launch-modules.toml"))).To(Succeed())
		build()
		if len(damaged) > 0 {
			f.Expect(f.log.String()).To(ContainSubstring("WARNING: beginning with an empty cache of npm's"))
		}
	}
}
