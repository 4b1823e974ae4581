//go:build managers

package npminstall_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/bunlock"
	"github.com/armature-cnb/armature/internal/deps/pnpmlock"
	"github.com/armature-cnb/armature/internal/deps/yarnlock"
	"github.com/armature-cnb/armature/internal/failure"
	filetree "github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// lockfilesOfOthers are those of the managers other than npm.
var lockfilesOfOthers = []string{pnpmlock.FileName, yarnlock.FileName, bunlock.Text}

// The manifests and lockfiles of public apps, from the registry that npm is configured
// for: frozen, for both targets, twice the same, without packages of other platforms.
// Their programs come from there, too. An app is left out if the registry lacks a
// package of its lockfile.
func TestTheCorpus(t *testing.T) {
	corpus := os.Getenv("CORPUS")
	if corpus == "" {
		t.Skip("left out: CORPUS names no folder with public apps")
	}
	count := 0
	for _, name := range lockfilesOfOthers {
		locks, err := filepath.Glob(filepath.Join(corpus, "*", name))
		if err != nil {
			t.Fatal(err)
		}
		count += len(locks)
		for _, lock := range locks {
			for _, to := range targets.All() {
				t.Run(filepath.Base(filepath.Dir(lock))+" with "+name+" for "+to.Arch, func(t *testing.T) {
					f := newFixture(t)
					f.cnb = t.TempDir()
					registry := f.useConfiguredRegistry()
					f.env = f.env.With("BP_NODE_RUN_SCRIPTS", "none").With("CNB_TARGET_ARCH", to.Arch)
					var digests []string
					for range 2 {
						f.Expect(os.RemoveAll(f.in("launch-modules"))).To(Succeed())
						f.Expect(os.RemoveAll(f.in("launch-modules.toml"))).To(Succeed())
						f.uploadWithoutScripts(filepath.Dir(lock), registry)
						f.log.Reset()
						_, err := f.build(launchOnly)
						if errors.Is(err, &failure.Failure{ID: "package-not-found"}) {
							t.Skipf("left out: %v", err)
						}
						f.Expect(err).NotTo(HaveOccurred(), f.log.String())
						digest, err := filetree.Digest(f.in("launch-modules"))
						f.Expect(err).NotTo(HaveOccurred())
						digests = append(digests, digest)
					}
					f.onlyFor(to.Arch)
					f.Expect(digests[0]).To(Equal(digests[1]), "the same install gives other bytes")
				})
			}
		}
	}
	if count == 0 {
		t.Fatalf("%s has no lockfiles", corpus)
	}
}

// useConfiguredRegistry lets the build use the registry that npm on this machine is
// configured for, and returns its address.
func (f *fixture) useConfiguredRegistry() string {
	f.t.Helper()
	output, err := exec.Command(tier.Program(f.t, "npm"), "config", "get", "registry").Output()
	f.Expect(err).NotTo(HaveOccurred())
	registry := strings.TrimSpace(string(output))
	f.env = f.env.With("NPM_CONFIG_REGISTRY", registry)
	if authorities := os.Getenv("NODE_EXTRA_CA_CERTS"); authorities != "" {
		f.env = f.env.With("NODE_EXTRA_CA_CERTS", authorities)
	}
	return registry
}

// anyRegistry stands for the configured registry in the corpus' lockfiles.
const anyRegistry = "https://registry.invalid/"

// uploadWithoutScripts copies an app whose sources are not there, so that no script
// of its own can run, and no program of Yarn is.
func (f *fixture) uploadWithoutScripts(from, registry string) {
	f.t.Helper()
	f.Expect(os.RemoveAll(f.app)).To(Succeed())
	f.copy(from, f.app)
	f.Expect(filepath.WalkDir(f.app, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || entry.IsDir():
			return err
		case slices.Contains(lockfilesOfOthers, entry.Name()):
			return edit(path, func(text string) string { return strings.ReplaceAll(text, anyRegistry, registry) })
		case entry.Name() == ".yarnrc.yml":
			return edit(path, func(text string) string { return yarnPath.ReplaceAllString(text, "") })
		case entry.Name() != packagejson.FileName:
			return nil
		}
		fields, err := packagejson.ReadFields(filepath.Dir(path))
		if err != nil {
			return err
		}
		delete(fields, "scripts")
		text, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		return os.WriteFile(path, text, 0o644)
	})).To(Succeed())
}

var yarnPath = regexp.MustCompile(`(?m)^yarnPath:.*$`)

func edit(path string, change func(text string) string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(change(string(text))), 0o644)
}

// onlyFor fails for installed packages of other platforms.
func (f *fixture) onlyFor(arch string) {
	f.t.Helper()
	want := deps.Platform{OS: "linux", CPU: strings.Replace(arch, "amd64", "x64", 1), Libc: deps.Glibc}
	count := 0
	f.Expect(filepath.WalkDir(f.in("launch-modules"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != packagejson.FileName {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var p struct {
			Name          string
			OS, CPU, Libc words
		}
		if json.Unmarshal(text, &p) != nil {
			return nil // a fixture of a package's tests
		}
		count++
		if one := (deps.Package{OS: p.OS, CPU: p.CPU, Libc: p.Libc}); !one.RunsOn(want) {
			f.t.Errorf("%s is not for %v: %v %v %v", path, want, p.OS, p.CPU, p.Libc)
		}
		return nil
	})).To(Succeed())
	f.t.Logf("%d packages for %s", count, arch)
}

// words is a list of words, or one word.
type words []string

func (w *words) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(w))
}
