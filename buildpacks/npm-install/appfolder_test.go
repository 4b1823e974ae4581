package npminstall_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

// devFolder is an app as it is in a developer's folder, whose modules are not
// those of the lockfile.
func devFolder(t *testing.T) *fixture {
	f := newFixture(t)
	f.withLock(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"hello":"^1.0.0"}}`, "app.js": `console.log(require("hello"))`})
	writeFiles(t, f.app, files{
		"node_modules/hello/package.json": `{"name":"hello","version":"1.0.0","dependencies":{"word":"^1.0.0"}}`, "node_modules/hello/index.js": `module.exports = "the developer's"`,
		"node_modules/word/package.json": `{"name":"word","version":"1.0.0"}`,
	})
	return f
}

// git runs the real one in an app.
func (f *fixture) git(args ...string) {
	f.t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		f.t.Skip("there is no git on the PATH, which this test runs")
	}
	cmd := exec.Command("git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
	cmd.Dir = f.app
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := cmd.CombinedOutput()
	f.Expect(err).NotTo(HaveOccurred(), string(out))
}

func TestModulesOfADevelopersFolder(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		setup func(f *fixture)
		own   bool   // they are taken
		says  string // of the log
	}{
		{"nobody wants them out", func(*fixture) {}, true, `Selected NPM build process: 'npm rebuild'`},
		{".gitignore", func(f *fixture) { writeFiles(f.t, f.app, files{".gitignore": "node_modules/\n"}) }, false,
			"Leaving out node_modules of the app: .gitignore leaves it out, and package-lock.json says what belongs there"},
		{".dockerignore", func(f *fixture) { writeFiles(f.t, f.app, files{".dockerignore": "**/node_modules\n"}) }, false,
			"Leaving out node_modules of the app: .dockerignore leaves it out"},
		{"git that does not track them", func(f *fixture) { f.git("init", "-q"); f.git("add", "app.js") }, false,
			"Leaving out node_modules of the app: git does not track it"},
		{"git that tracks them", func(f *fixture) { f.git("init", "-q"); f.git("add", ".") }, true, `'npm rebuild'`},
		{"git that tracks what .gitignore names", func(f *fixture) {
			writeFiles(f.t, f.app, files{".gitignore": "node_modules\n"})
			f.git("init", "-q")
			f.git("add", "-f", ".")
		}, true, "Taking node_modules as it is, although .gitignore leaves it out: git tracks it"},
		{"git that tracks what .dockerignore names", func(f *fixture) {
			writeFiles(f.t, f.app, files{".dockerignore": "node_modules\n"})
			f.git("init", "-q")
			f.git("add", "-f", ".")
		}, true, "Taking node_modules as it is, although .dockerignore leaves it out: git tracks it"},
		{"a repository without anything", func(f *fixture) { f.git("init", "-q") }, true, `'npm rebuild'`},
		{"project.toml that includes", func(f *fixture) {
			writeFiles(f.t, f.app, files{".gitignore": "node_modules\n", "project.toml": "[build]\ninclude = [\"*\"]\n"})
		}, true, "project.toml includes what is there"},
		{".dockerignore that names what is in it", func(f *fixture) { writeFiles(f.t, f.app, files{".dockerignore": "node_modules/*\n"}) }, false,
			"Leaving out node_modules of the app: .dockerignore leaves it out"},
		{".dockerignore that names a part of what git tracks", func(f *fixture) {
			writeFiles(f.t, f.app, files{".dockerignore": "**/*.md\n", "node_modules/hello/README.md": "x"})
			f.git("init", "-q")
			f.git("add", "-f", ".")
		}, true, "Leaving out of the app what .dockerignore names: node_modules/hello/README.md"},
		{"a build that is offline", func(f *fixture) {
			writeFiles(f.t, f.app, files{".gitignore": "node_modules\n"})
			f.env = f.env.With("npm_config_offline", "true")
		}, true, "although .gitignore leaves it out: the build has no network"},
		{"no lockfile", func(f *fixture) {
			writeFiles(f.t, f.app, files{".dockerignore": "node_modules\n"})
			f.Expect(os.Remove(filepath.Join(f.app, "package-lock.json"))).To(Succeed())
		}, true, "no lockfile says what belongs there"},
		{"a .dockerignore that has no say", func(f *fixture) {
			writeFiles(f.t, f.app, files{".dockerignore": "node_modules\n"})
			f.env = f.env.With("BP_USE_DOCKERIGNORE", "false")
		}, true, `'npm rebuild'`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := devFolder(t)
			tc.setup(f)
			f.built(launchOnly)
			f.Expect(f.log.String()).To(ContainSubstring(tc.says))
			want := "hello@1.0.0\n"
			if tc.own {
				want = "the developer's\n"
			}
			f.Expect(f.runs("app.js")).To(Equal(want))
		})
	}
}

func TestModulesOfAWorkspaceInADevelopersFolder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.withLock(files{
		"package.json":            `{"name":"root","version":"1.0.0","workspaces":["packages/*"],"dependencies":{"hello":"^1.0.0"}}`,
		"packages/a/package.json": `{"name":"a","version":"1.0.0","dependencies":{"word":"1.0.0"}}`,
	})
	writeFiles(t, f.app, files{".gitignore": "node_modules\n", "node_modules/x/package.json": "{}", "packages/a/node_modules/stale/package.json": "{}"})
	f.built(launchOnly)
	f.Expect(f.log.String()).To(ContainSubstring("Leaving out packages/a/node_modules of the app"))
	f.Expect(filepath.Join(f.app, "packages/a/node_modules/stale")).NotTo(BeADirectory())
	f.Expect(filepath.Join(f.app, "packages/a/node_modules/word")).To(BeADirectory())
}

func TestDockerignoreAndGit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.npms.answers(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "Bearer own" {
			return false
		}
		http.Error(w, `{"error":"no"}`, http.StatusUnauthorized)
		return true
	})
	contents := files{
		"package.json": `{"name":"app","version":"1.0.0","scripts":{"build":"git rev-parse --abbrev-ref HEAD > branch; ls -A > seen"},"dependencies":{"hello":"^1.0.0"}}`,
		".npmrc":       strings.TrimPrefix(f.npms.URL, "http:") + "/:_authToken=own\n",
	}
	f.withLock(contents)
	writeFiles(t, f.app, files{".dockerignore": ".git\n.npmrc\n*.md\ndocs\n.env*\n!.env.example\n.dockerignore\n", "README.md": "x", "docs/a/b": "x", ".env": "x=1", ".env.example": "x="})
	f.git("init", "-q", "-b", "some-branch")
	f.git("add", "package.json")
	f.git("commit", "-qm", "x")
	f.built(launchOnly)
	f.Expect(f.log.String()).To(ContainSubstring("Leaving out of the app what .dockerignore names: .dockerignore, .env, README.md, docs, .npmrc"))
	f.Expect(f.read("branch")).To(Equal("some-branch\n"))
	f.Expect(strings.Fields(f.read("seen"))).To(ConsistOf(".env.example", ".git", ".npmrc", "branch", "node_modules", "package-lock.json", "package.json", "seen"))
	for _, gone := range []string{"README.md", "docs", ".env", ".npmrc", ".dockerignore"} {
		f.Expect(filepath.Join(f.app, gone)).NotTo(Or(BeARegularFile(), BeADirectory()))
	}
	f.Expect(filepath.Join(f.app, ".git")).To(BeADirectory()) // the buildpack to come takes it away

	f.next(func() { f.withLock(contents); f.git("init", "-q") })
	f.built(buildAndLaunchAlone)
	f.Expect(f.log.String()).To(ContainSubstring("Leaving out of the app image what is git's own: .git"))
	f.Expect(filepath.Join(f.app, ".git")).NotTo(BeADirectory())
	f.Expect(f.log.String()).To(MatchRegexp(`WARNING: \[secret-in-image\].*\n.*\.npmrc: a token`))

	f.next(func() { f.withLock(contents); f.git("init", "-q") })
	f.env = f.env.With("BP_KEEP_GIT", "true")
	f.built(buildAndLaunchAlone)
	f.Expect(filepath.Join(f.app, ".git")).To(BeADirectory())
}

func TestModulesOfAClientStayWhereNobodyCanMakeThem(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		setup func(f *fixture)
		stays bool
	}{
		{"nobody tracks them", func(*fixture) {}, false},
		{"git tracks them", func(f *fixture) { f.git("init", "-q"); f.git("add", "-f", ".") }, true},
		{"the build is offline", func(f *fixture) { f.env = f.env.With("NPM_CONFIG_OFFLINE", "true") }, true},
	} {
		f := newFixture(t)
		f.withLock(files{"package.json": `{"name":"app","version":"1.0.0"}`, ".dockerignore": "**/node_modules\n", "client/node_modules/x/index.js": ""})
		tc.setup(f)
		f.built(launchOnly)
		if _, err := os.Stat(filepath.Join(f.app, "client/node_modules/x")); (err == nil) != tc.stays {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
}

// buildAndLaunchAlone is a plan of buildpacks none of which comes after this one
// and knows of links.
var buildAndLaunchAlone = wants(map[string]any{"launch": true})

func TestDockerignoreThatLeavesOutWhatIsNeeded(t *testing.T) {
	for _, tc := range []struct{ name, text, path, says string }{
		{"package.json", "*.json\n", "", `.dockerignore leaves out package.json, which the build needs: line 1 is "*.json"`},
		{"the lockfile", "# x\npackage-lock.json\n", "", `.dockerignore leaves out package-lock.json, which the build needs: line 2 is "package-lock.json"`},
		{"the project's folder", "web\n", "web", `.dockerignore leaves out web/package.json, which the build needs: line 1 is "web"`},
		{"everything", "*\n!src\n", "", `line 1 is "*"`},
		{"the root's lockfile", "/package-lock.json\n", "packages/a", `leaves out package-lock.json`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			Expect := NewWithT(t).Expect
			app := t.TempDir()
			manifest := `{"name":"x","version":"1.0.0","workspaces":["packages/*"]}`
			writeFiles(t, app, files{".dockerignore": tc.text, "package.json": manifest, "package-lock.json": `{"lockfileVersion":3}`, "web/package.json": manifest, "packages/a/package.json": `{"name":"a"}`})
			env := environ.List{"BP_NODE_PROJECT_PATH=" + tc.path}
			_, err := npminstall.Detect(env)(packit.DetectContext{WorkingDir: app})
			Expect(err).To(MatchError(&failure.Failure{ID: "dockerignore-leaves-out-needed"}))
			Expect(err).To(MatchError(ContainSubstring(tc.says)))
			_, err = npminstall.Detect(env.With("BP_USE_DOCKERIGNORE", "false"))(packit.DetectContext{WorkingDir: app})
			Expect(err).NotTo(HaveOccurred())
		})
	}
}

// The same commit, checked out with any umask, is the same app and the same layer.
func TestTheUmaskOfACheckoutDoesNotCount(t *testing.T) {
	t.Parallel()
	for _, vendored := range []bool{false, true} {
		var trees []string
		for _, mask := range []fs.FileMode{0o002, 0o022, 0o077} {
			f := newFixture(t)
			f.app = filepath.Join(t.TempDir(), "app")
			contents := files{"package.json": withScripts(`"build":"cp -p server.js copy.js && cp -rp lib dist"`), "server.js": "", "lib/a/b.js": "", "run.sh": "#!/bin/sh\n"}
			f.withLock(contents)
			if vendored {
				npm(t, f.env, f.app, "install")
			}
			f.Expect(os.Chmod(filepath.Join(f.app, "run.sh"), 0o755)).To(Succeed())
			checkOut(t, f.app, mask)
			f.built(launchOnly)
			trees = append(trees, tree(t, f.app)+tree(t, f.in("launch-modules")))
			f.Expect(trees[0]).To(ContainSubstring("run.sh -rwxr-xr-x\n"))
			f.Expect(f.log.String()).NotTo(ContainSubstring("WARNING"))
		}
		for _, other := range trees[1:] {
			if other != trees[0] {
				t.Errorf("vendored %v: got\n%s\nand\n%s", vendored, trees[0], other)
			}
		}
	}
}

// checkOut gives all in a folder the modes of a checkout with a umask.
func checkOut(t *testing.T, dir string, mask fs.FileMode) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
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
}

// tree lists what is in a folder, with modes.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var all bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := entry.Info()
		all.WriteString(strings.TrimPrefix(path, dir+"/") + " " + info.Mode().String() + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestModesThatAreKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.env = f.env.With("BP_KEEP_FILE_MODES", "true")
	f.withLock(files{"package.json": withScripts(""), "own.key": "x"})
	f.Expect(os.Chmod(filepath.Join(f.app, "own.key"), 0o600)).To(Succeed())
	f.built(launchOnly)
	info, err := os.Stat(filepath.Join(f.app, "own.key"))
	f.Expect(err).NotTo(HaveOccurred())
	f.Expect(info.Mode()).To(Equal(fs.FileMode(0o600)))
}

func TestNoCredentialOfALockfileIsInALayer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	archives := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(pack(t, files{"package.json": `{"name":"own","version":"1.0.0"}`}))
	}))
	defer archives.Close()
	at := strings.Replace(archives.URL, "http://", "http://somebody:passw0rd@", 1) + "/own.tgz?private_token=t0ken"
	f.withLock(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"build":"true"},"dependencies":{"own":"` + at + `"}}`})
	f.Expect(f.read("package-lock.json")).To(ContainSubstring("passw0rd"))
	f.built(buildAndLaunchAlone)
	found := 0
	for _, layer := range []string{"launch-modules", "build-modules"} {
		err := filepath.WalkDir(f.in(layer), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(string(text), "passw0rd") || strings.Contains(string(text), "t0ken") {
				t.Errorf("%s has it: %s", path, text)
			}
			if entry.Name() == ".package-lock.json" && strings.Contains(string(text), archives.URL+"/own.tgz") {
				found++
			}
			return err
		})
		f.Expect(err).NotTo(HaveOccurred())
	}
	f.Expect(found).To(Equal(2))
	f.Expect(f.log.String()).To(ContainSubstring("package-lock.json: credentials in addresses"))
}

func TestSecretsAreNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.withLock(files{"package.json": withScripts(""), ".env": "A=1", ".env.production": "A=1", ".env.example": "A=", "keys/id_rsa": "x", "keys/id_rsa.pub": "x",
		"tls/server.pem": "-----BEGIN CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\nx\n", "tls/ca.pem": "-----BEGIN CERTIFICATE-----\n", "doc.md": "such as `-----BEGIN PRIVATE KEY-----`\n"})
	f.built(buildAndLaunchAlone)
	var named []string
	_, said, _ := strings.Cut(f.log.String(), "[secret-in-image]")
	for line := range strings.Lines(said) {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.Contains(name, " ") {
			named = append(named, name)
		}
	}
	slices.Sort(named)
	f.Expect(named).To(Equal([]string{".env", ".env.production", "keys/id_rsa", "tls/server.pem"}))
}
