//go:build managers

package npminstall_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	whole "github.com/armature-cnb/armature/internal/files/tree"
)

func TestBunInstallsForAnotherTarget(t *testing.T) {
	t.Parallel()
	f := newBunFixture(t)
	f.lockWithBun(files{"package.json": bunManifest})
	f.env = f.env.With("CNB_TARGET_ARCH", otherTarget(t).Arch)
	f.built(launchOnly)
	host, other := hostTarget(t).Node(), otherTarget(t).Node()
	for place, want := range map[string]bool{
		"@n/linux-" + host: false, "@n/linux-" + other: true, "@n/linuxmusl-" + other: false, "trusted/made.txt": true,
	} {
		if _, err := os.Stat(f.modules("launch-modules", place)); (err == nil) != want {
			t.Errorf("%s: got %v, want it there: %t", place, err, want)
		}
	}
}

func TestBunInstallsAWorkspace(t *testing.T) {
	t.Parallel()
	f := newBunFixture(t)
	f.lockWithBun(files{
		"package.json":              `{"name":"root","private":true,"workspaces":["packages/*"],"devDependencies":{"tool":"^2.0.0"}}`,
		"packages/api/package.json": `{"name":"api","version":"1.0.0","dependencies":{"lib":"workspace:*"},"scripts":{"build":"tool api"}}`,
		"packages/api/node.js":      `console.log(require("lib"))`,
		"packages/lib/package.json": `{"name":"lib","version":"1.0.0","dependencies":{"hello":"^1.0.0"},"scripts":{"build":"tool lib"}}`,
		"packages/lib/index.js":     `module.exports = "lib and " + require("hello")`,
		"packages/web/package.json": `{"name":"web","version":"1.0.0","dependencies":{"native":"1.0.0"}}`,
	})
	f.env = f.env.With("BP_NODE_PROJECT_PATH", "packages/api")
	f.built(launchOnly)
	if got := f.runs("packages/api/node.js"); got != "lib and hello@1.0.0\n" {
		t.Errorf("got %q", got)
	}
	if got := f.read("packages/lib/out") + f.read("packages/api/out"); got != "lib\napi\n" {
		t.Errorf("the build scripts wrote %q", got)
	}
	for _, gone := range []string{f.modules("launch-modules", "native"), f.modules("launch-modules", "web"), filepath.Join(f.app, "packages/web")} {
		if _, err := os.Lstat(gone); err == nil {
			t.Errorf("%s is there", gone)
		}
	}
}

// lockInBinary is lockWithBun for Bun's binary lockfile.
func (f *fixture) lockInBinary(contents files) {
	f.t.Helper()
	f.Expect(os.RemoveAll(filepath.Join(f.app, "bun.lock"))).To(Succeed())
	writeFiles(f.t, f.app, files{"bunfig.toml": "[install]\nsaveTextLockfile = false\n"})
	f.lockWithBun(contents)
	f.Expect(os.Remove(filepath.Join(f.app, "bunfig.toml"))).To(Succeed())
	f.Expect(filepath.Join(f.app, "bun.lockb")).To(BeARegularFile())
}

// A binary lockfile is installed from as it is, for both targets, twice the same: by
// the newest Bun, and by one that writes no text. It stays in the app's folder, and no
// text comes beside it.
func TestBunInstallsFromABinaryLockfile(t *testing.T) {
	for _, pin := range []string{"", `"packageManager":"bun@1.1.38",`} {
		f := newBunFixture(t)
		newest := f.cnb
		if pin != "" {
			f.useOldBun("1.1.38")
		}
		contents := files{
			"package.json":              `{"name":"root",` + pin + `"private":true,"workspaces":["packages/*"],"devDependencies":{"tool":"^2.0.0"},"trustedDependencies":["trusted"]}`,
			"packages/api/package.json": `{"name":"api","version":"1.0.0","dependencies":{"lib":"workspace:*","native":"1.0.0","trusted":"1.0.0"}}`,
			"packages/api/node.js":      `console.log(require("lib"))`,
			"packages/lib/package.json": `{"name":"lib","version":"1.0.0","dependencies":{"hello":"^1.0.0"},"scripts":{"build":"tool lib"}}`,
			"packages/lib/index.js":     `module.exports = "lib and " + require("hello")`,
			"packages/web/package.json": `{"name":"web","version":"1.0.0","dependencies":{"other":"1.0.0"}}`,
		}
		f.lockInBinary(contents)
		f.npms.publish("hello", "1.9.0", nil, nil) // newer than what is locked
		binary := f.read("bun.lockb")
		f.cnb = newest
		f.env = f.env.With("BP_NODE_PROJECT_PATH", "packages/api")
		for _, to := range []targets.Target{hostTarget(t), otherTarget(t)} {
			t.Run(pin+to.String(), func(t *testing.T) {
				f.t, f.Expect = t, NewWithT(t).Expect
				f.env = f.env.With("CNB_TARGET_ARCH", to.Arch)
				var digests []string
				for range 2 {
					f.clean()
					writeFiles(t, f.app, contents)
					writeFiles(t, f.app, files{"bun.lockb": binary})
					f.built(launchOnly)
					if got := f.runs("packages/api/node.js"); got != "lib and hello@1.0.0\n" || f.read("packages/lib/out") != "lib\n" {
						t.Errorf("got %q, and from the build script %q", got, f.read("packages/lib/out"))
					}
					if strings.Contains(f.log.String(), "bill of materials") {
						t.Error(f.log.String())
					}
					digest, err := whole.Digest(f.in("launch-modules"))
					f.Expect(err).NotTo(HaveOccurred())
					digests = append(digests, digest)
				}
				f.Expect(digests[0]).To(Equal(digests[1]))
				f.Expect(f.read("bun.lockb")).To(Equal(binary))
				other := map[string]string{"x64": "arm64", "arm64": "x64"}[to.Node()]
				for place, want := range map[string]bool{
					f.modules("launch-modules", "@n/linux-"+to.Node()): true, f.modules("launch-modules", "@n/linux-"+other): false,
					f.modules("launch-modules", "@n/linuxmusl-"+to.Node()): false, f.modules("launch-modules", "trusted/made.txt"): true,
					f.modules("launch-modules", "tool"): false, f.modules("launch-modules", "other"): false,
					filepath.Join(f.app, "bun.lock"): false, filepath.Join(f.app, "packages/web"): false,
				} {
					if _, err := os.Lstat(place); (err == nil) != want {
						t.Errorf("%s: got %v, want it there: %t", place, err, want)
					}
				}
			})
		}
	}
}

// useOldBun lets the registry have a Bun, and lockWithBun use it.
func (f *fixture) useOldBun(version string) {
	f.t.Helper()
	name := "@oven/bun-linux-" + map[string]string{"amd64": "x64", "arm64": "aarch64"}[hostTarget(f.t).Arch]
	f.npms.publishReal(name, version)
	f.cnb = f.t.TempDir()
	writeFiles(f.t, f.cnb, files{"bun.tgz": string(f.npms.releases[name][version].tarball)})
	f.Expect(unpackBun(filepath.Join(f.cnb, "bun.tgz"), filepath.Join(f.cnb, "bun"))).To(Succeed())
}

// clean leaves nothing of an app and of what was built of it.
func (f *fixture) clean() {
	f.t.Helper()
	for _, dir := range []string{f.app, f.layersDir} {
		f.Expect(whole.Remove(dir)).To(Succeed())
		f.Expect(os.Mkdir(dir, 0o755)).To(Succeed())
	}
}

func TestBunWithoutALockfile(t *testing.T) {
	t.Parallel()
	f := newBunFixture(t)
	writeFiles(t, f.app, files{"package.json": `{"name":"app","packageManager":"bun@1","dependencies":{"hello":"^1.0.0"}}`, "node.js": `console.log(require("hello"))`})
	f.built(launchOnly)
	if got := f.runs("node.js"); got != "hello@1.0.0\n" || !strings.Contains(f.log.String(), "WARNING: there is no lockfile") {
		t.Errorf("got %q, and the log\n%s", got, f.log.String())
	}
}

func TestBunRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(f *fixture)
		id     string
	}{
		{"a lockfile that does not fit", func(f *fixture) {
			writeFiles(f.t, f.app, files{"package.json": strings.Replace(bunManifest, `"hello":"^1.0.0",`, "", 1)})
		}, "lockfile-out-of-step"},
		{"a folder that does not fit", func(f *fixture) {
			writeFiles(f.t, f.app, files{"local/package.json": `{"name":"local","version":"1.0.0","dependencies":{"word":"1.1.0"}}`})
		}, "lockfile-out-of-step"},
		{"a merge conflict", func(f *fixture) {
			writeFiles(f.t, f.app, files{"bun.lock": strings.Replace(f.read("bun.lock"), `"packages"`, "<<<<<<< HEAD\n\"packages\"", 1)})
		}, "lockfile-invalid"},
		{"a binary lockfile that does not fit", func(f *fixture) {
			f.lockInBinary(files{})
			writeFiles(f.t, f.app, files{"package.json": strings.Replace(bunManifest, `"hello":"^1.0.0",`, "", 1)})
		}, "lockfile-out-of-step"},
		{"a binary lockfile with a folder that does not fit", func(f *fixture) {
			f.lockInBinary(files{})
			writeFiles(f.t, f.app, files{"local/package.json": `{"name":"local","version":"1.0.0","dependencies":{"word":"1.1.0"}}`})
		}, "lockfile-out-of-step"},
		{"a binary lockfile that is cut off", func(f *fixture) {
			writeFiles(f.t, f.app, files{"bun.lockb": "#!/usr/bin/env bun\nbun-lockfile-format-v0\n\x02"})
			f.Expect(os.Remove(filepath.Join(f.app, "bun.lock"))).To(Succeed())
		}, "lockfile-invalid"},
		{"a build script without its command", func(f *fixture) {
			writeFiles(f.t, f.app, files{"package.json": strings.Replace(f.read("package.json"), "tool built", "gone", 1)})
		}, "build-script-command-missing"},
		{"a build script that fails", func(f *fixture) {
			writeFiles(f.t, f.app, files{"package.json": strings.Replace(f.read("package.json"), "tool built", "exit 3", 1)})
		}, "build-script-failed"},
		{"the scripts of a package that fail", func(f *fixture) {
			f.lockWithBun(files{"package.json": strings.ReplaceAll(bunManifest, "trusted\"", "failing\"")})
		}, "package-script-failed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newBunFixture(t)
			f.lockWithBun(files{
				"package.json":       strings.Replace(bunManifest, `"hello":`, `"local":"file:local","hello":`, 1),
				"local/package.json": `{"name":"local","version":"1.0.0","dependencies":{"word":"1.0.0"}}`,
			})
			row.change(f)
			if _, err := f.build(launchOnly); !errors.Is(err, &failure.Failure{ID: row.id}) {
				t.Errorf("got %v, want %s; the log is\n%s", err, row.id, f.log.String())
			}
		})
	}
}

// A token in the project's configuration, and one in a binding, reach the registry.
func TestBunGivesCredentials(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"the project", "a binding"} {
		t.Run(where, func(t *testing.T) {
			f := newBunFixture(t)
			f.lockWithBun(files{"package.json": `{"name":"app","dependencies":{"hello":"^1.0.0"}}`, "node.js": `console.log(require("hello"))`})
			f.npms.answers(func(w http.ResponseWriter, r *http.Request) bool {
				refuses := r.Header.Get("Authorization") != "Bearer secret"
				if refuses {
					w.WriteHeader(http.StatusUnauthorized)
				}
				return refuses
			})
			config := fmt.Sprintf("registry=%s/\n%s/:_authToken=secret\n", f.npms.URL, strings.TrimPrefix(f.npms.URL, "http:"))
			if where == "the project" {
				writeFiles(t, f.app, files{".npmrc": config})
			} else {
				writeFiles(t, f.platform, files{"bindings/npm/type": "npmrc", "bindings/npm/.npmrc": config})
			}
			f.env = f.env.Without("NPM_CONFIG_REGISTRY")
			f.built(launchOnly)
			if got := f.runs("node.js"); got != "hello@1.0.0\n" {
				t.Errorf("got %q", got)
			}
		})
	}
}
