package npminstall_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
