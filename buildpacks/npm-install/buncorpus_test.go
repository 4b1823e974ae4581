//go:build managers

package npminstall_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/bunlock"
	filetree "github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// The public apps that are made with Bun, from the registry that npm is configured
// for: frozen, for both targets, and twice the same.
func TestTheCorpusOfBun(t *testing.T) {
	corpus := os.Getenv("CORPUS")
	if corpus == "" {
		t.Skip("left out: CORPUS names no folder with public apps")
	}
	locks, err := filepath.Glob(filepath.Join(corpus, "*", bunlock.Text))
	if err != nil || len(locks) == 0 {
		t.Fatalf("got %q, %v, want lockfiles", locks, err)
	}
	for _, lock := range locks {
		t.Run(filepath.Base(filepath.Dir(lock)), func(t *testing.T) {
			f := newBunFixture(t)
			f.env = f.env.Without("NPM_CONFIG_REGISTRY").With("BP_NODE_RUN_SCRIPTS", "none")
			for _, target := range []string{hostTarget(t).Arch, otherTarget(t).Arch} {
				f.env = f.env.With("CNB_TARGET_ARCH", target)
				var digests []string
				for range 2 {
					f.Expect(os.RemoveAll(f.in("launch-modules"))).To(Succeed())
					f.Expect(os.RemoveAll(f.in("launch-modules.toml"))).To(Succeed())
					f.uploadWithoutScripts(filepath.Dir(lock))
					f.built(launchOnly)
					digest, err := filetree.Digest(f.in("launch-modules"))
					f.Expect(err).NotTo(HaveOccurred())
					digests = append(digests, digest)
					f.onlyFor(target)
				}
				f.Expect(digests[0]).To(Equal(digests[1]), "the same install gives other bytes")
			}
		})
	}
}

// uploadWithoutScripts copies an app whose sources are not there, so that no script
// of its own can run.
func (f *fixture) uploadWithoutScripts(from string) {
	f.t.Helper()
	f.Expect(os.RemoveAll(f.app)).To(Succeed())
	f.copy(from, f.app)
	f.Expect(filepath.WalkDir(f.app, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != packagejson.FileName {
			return err
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
