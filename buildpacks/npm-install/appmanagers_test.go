package npminstall_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

const (
	yarn1 = "# yarn lockfile v1\n\n\nhello@^1.0.0:\n  version \"1.0.0\"\n"
	berry = "__metadata:\n  version: 8\n"
	lock3 = `{"lockfileVersion":3,"packages":{}}`
)

// mono is an app with a root of workspaces, and its workspace in packages/a.
func mono(root string, others files) files {
	all := files{"package.json": root, "packages/a/package.json": `{}`}
	for name, text := range others {
		all[name] = text
	}
	return all
}

// A manager that this buildpack does not have is never passed over in silence.
func TestDetectRefusesOtherPackageManagers(t *testing.T) {
	for _, row := range []struct {
		name string
		app  files
		path string
		says string // of the manager and the evidence
	}{
		{"Deno's lockfile", files{"package.json": `{}`, "deno.lock": "{}"}, "", "deno (deno.lock)"},
		{"a manager that nobody knows", files{"package.json": `{"packageManager":"vlt@1.0.0"}`}, "", "vlt (packageManager vlt@1.0.0)"},
		{"the root of the workspaces has the lockfile", mono(`{"workspaces":["packages/*"]}`, files{"deno.lock": "{}"}), "packages/a", "deno (deno.lock)"},
		{"a workspace has the lockfile", mono(`{"workspaces":["packages/*"]}`, files{"packages/a/deno.lock": "{}"}), "packages/a", "deno (packages/a/deno.lock)"},
		{"the package.json above declares it", mono(`{"packageManager":"vlt@1.0.0"}`, nil), "packages/a", "vlt (packageManager vlt@1.0.0)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			env := environ.List{"BP_NODE_PROJECT_PATH=" + row.path}
			app := t.TempDir()
			writeFiles(t, app, row.app)
			detect := func(env environ.List) error {
				_, err := npminstall.Detect(env)(packit.DetectContext{WorkingDir: app})
				return err
			}
			err := detect(env)
			if !errors.Is(err, &failure.Failure{ID: "package-manager-unsupported"}) || !strings.Contains(err.Error(), row.says) || !strings.Contains(err.Error(), "BP_NODE_PACKAGE_MANAGER=npm") {
				t.Errorf("got %v, want %s", err, row.says)
			}
			if err := detect(env.With("BP_NODE_PACKAGE_MANAGER", "npm")); err != nil {
				t.Errorf("npm was chosen: got %v", err)
			}
		})
	}
}

func TestDetectTakesWhatNPMCanInstall(t *testing.T) {
	for _, row := range []struct {
		name string
		app  files
		path string
	}{
		{"no lockfile", files{"package.json": `{}`}, ""},
		{"npm declared", files{"package.json": `{"packageManager":"npm@11.6.0"}`}, ""},
		{"npm first among those declared", files{"package.json": `{"devEngines":{"packageManager":[{"name":"npm"},{"name":"pnpm"}]}}`}, ""},
		{"the lockfile of Yarn 1", files{"package.json": `{}`, "yarn.lock": yarn1}, ""},
		{"the lockfile of Yarn 1 and packageManager", files{"package.json": `{"packageManager":"yarn@1.22.22"}`, "yarn.lock": yarn1}, ""},
		{"an empty lockfile of Yarn's", files{"package.json": `{}`, "yarn.lock": ""}, ""},
		{"npm's lockfile of the root", mono(`{"workspaces":["packages/*"]}`, files{"package-lock.json": lock3, "packages/a/yarn.lock": berry}), "packages/a"},
		{"npm's lockfile of a workspace", mono(`{"workspaces":["packages/*"],"packageManager":"yarn@4.1.0"}`, files{"yarn.lock": berry, "packages/a/package-lock.json": lock3}), "packages/a"},
		{"the lockfile of Yarn 1 of the root, and one that Yarn does not look at", mono(`{"workspaces":["packages/*"]}`, files{"yarn.lock": yarn1, "packages/a/yarn.lock": yarn1}), "packages/a"},
		{"another manager's lockfile above, for other projects", mono(`{}`, files{"pnpm-lock.yaml": "importers:\n\n  packages/b:\n"}), "packages/a"},
		{"another manager's lockfile below", files{"package.json": `{}`, "examples/pnpm-lock.yaml": ""}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			app := t.TempDir()
			writeFiles(t, app, row.app)
			if _, err := npminstall.Detect(environ.List{"BP_NODE_PROJECT_PATH=" + row.path})(packit.DetectContext{WorkingDir: app}); err != nil {
				t.Error(err)
			}
		})
	}
}

// What the remedy says works as it is said: npm writes a yarn.lock anew that it
// finds, and refuses to write anything where devEngines names another manager.
func TestTheRemedyForAnotherManagerWorks(t *testing.T) {
	t.Parallel()
	const restore, onFail = "`git restore yarn.lock`", `"onFail": "warn"`
	for _, row := range []struct {
		name         string
		app          files
		path         string
		says, silent []string
	}{
		{"another manager", files{"package.json": `{"packageManager":"vlt@1.0.0"}`}, "", nil, []string{restore, onFail}},
		{"another manager beside Berry's lockfile", files{"package.json": `{"packageManager":"vlt@1.0.0"}`, "yarn.lock": berry}, "", []string{restore}, []string{onFail}},
		{"another manager beside the lockfile of Yarn 1", files{"package.json": `{"packageManager":"vlt@1.0.0"}`, "yarn.lock": yarn1}, "", []string{restore}, []string{onFail}},
		{"an empty lockfile of Yarn's, which npm leaves alone", files{"package.json": `{"packageManager":"vlt@4.1.0"}`, "yarn.lock": ""}, "", nil, []string{restore}},
		{"devEngines", files{"package.json": `{"devEngines":{"packageManager":{"name":"vlt"}}}`}, "", []string{onFail}, []string{restore}},
		{"devEngines behind packageManager", files{"package.json": `{"packageManager":"vlt@1.2.0","devEngines":{"packageManager":[{"name":"vlt","onFail":"warn"},{"name":"pnpm","onFail":"error"}]}}`}, "", []string{onFail}, nil},
		{"devEngines of the root", mono(`{"workspaces":["packages/*"],"devEngines":{"packageManager":{"name":"vlt"}}}`, nil), "packages/a", []string{onFail}, nil},
		{"devEngines that lets npm go on", files{"package.json": `{"devEngines":{"packageManager":{"name":"vlt","onFail":"ignore"}}}`}, "", nil, []string{onFail}},
		{"devEngines that names npm, too", files{"package.json": `{"devEngines":{"packageManager":[{"name":"vlt"},{"name":"npm"}]}}`}, "", nil, []string{onFail}},
	} {
		t.Run(row.name, func(t *testing.T) {
			app := t.TempDir()
			writeFiles(t, app, row.app)
			_, err := npminstall.Detect(environ.List{"BP_NODE_PROJECT_PATH=" + row.path})(packit.DetectContext{WorkingDir: app})
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, want := range row.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}
			for _, bad := range row.silent {
				if strings.Contains(err.Error(), bad) {
					t.Errorf("got %v, which is not so here: %s", err, bad)
				}
			}
		})
	}
}

func TestDetectRefusesASettingThatNamesNoManager(t *testing.T) {
	app := t.TempDir()
	writeFiles(t, app, files{"package.json": `{}`})
	_, err := npminstall.Detect(environ.List{"BP_NODE_PACKAGE_MANAGER=deno"})(packit.DetectContext{WorkingDir: app})
	if !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) || !strings.Contains(err.Error(), `is "deno", want npm`) {
		t.Errorf("got %v", err)
	}
}

func TestDetectRefusesALockfileOfYarnsThatNPMReadsInPart(t *testing.T) {
	app := t.TempDir()
	writeFiles(t, app, files{"package.json": `{}`, "yarn.lock": yarn1 + "\n<<<<<<< HEAD\nword@^1.0.0:\n"})
	_, err := npminstall.Detect(environ.List{"BP_NODE_PACKAGE_MANAGER=npm"})(packit.DetectContext{WorkingDir: app})
	if !errors.Is(err, &failure.Failure{ID: "lockfile-invalid"}) || !strings.Contains(err.Error(), "line 7") || !strings.Contains(err.Error(), "`git restore yarn.lock`") {
		t.Errorf("got %v", err)
	}
}

// What decides on the versions is said, unless it is npm's own lockfile alone.
func TestBuildSaysWhatDecidesOnTheVersions(t *testing.T) {
	t.Parallel()
	const manifest = `{"name":"app","version":"1.0.0","dependencies":{"word":"^1.0.0"}`
	const newer, older = "word@1.1.0\n", "word@1.0.0\n"
	for _, row := range []struct {
		name   string
		app    files
		lock   bool // npm's, from word 1.0.0
		env    string
		says   []string
		silent []string
		word   string
	}{
		{name: "npm's lockfile", app: files{"package.json": manifest + "}"}, lock: true, silent: []string{"WARNING"}, word: older},
		{
			name: "npm's lockfile beside another's", app: files{"package.json": manifest + `,"devEngines":{"packageManager":{"name":"npm"}}}`, "pnpm-lock.yaml": "", ".yarnrc.yml": ""}, lock: true,
			says: []string{"WARNING: package-lock.json decides on the versions, and npm passes over: pnpm-lock.yaml, .yarnrc.yml"}, word: older,
		},
		{
			name: "no lockfile", app: files{"package.json": manifest + "}"},
			says: []string{"WARNING: there is no lockfile: npm chooses the versions of the dependencies anew in every build"}, word: newer,
		},
		{
			name: "no lockfile, and nothing to choose", app: files{"package.json": `{"name":"app","dependencies":{"word":"file:word"}}`,
				"word/package.json": `{"name":"word","devDependencies":{"tool":"^2.0.0"}}`, "word/index.js": `module.exports = "own"`},
			silent: []string{"WARNING"}, word: "own\n",
		},
		{
			name: "no lockfile, and a choice in a folder", app: files{"package.json": `{"name":"app","dependencies":{"own":"file:own"}}`, "own/package.json": `{"name":"own","dependencies":{"word":"^1.0.0"}}`},
			says: []string{"WARNING: there is no lockfile"}, word: newer,
		},
		{
			name: "that of Yarn 1", app: files{"package.json": manifest + `,"packageManager":"yarn@1.22.22","resolutions":{"a":"1"}}`, "yarn.lock": "# yarn lockfile v1\n\n\nword@^1.0.0:\n  version \"1.0.0\"\n  resolved \"REGISTRY/word/-/word--1.0.0.tgz#abc\"\n"}, env: "npm",
			says:   []string{"WARNING: there is no lockfile of npm's: the yarn.lock of Yarn 1 decides on the versions", "passes over the resolutions of package.json", "`git restore yarn.lock`"},
			silent: []string{"there is no lockfile: ", "It passes over:"}, word: older,
		},
		{
			name: "npm was chosen beside another's lockfile", app: files{"package.json": manifest + "}", "bun.lock": "{}"}, env: "npm",
			says: []string{"WARNING: npm installs, as BP_NODE_PACKAGE_MANAGER says, chooses the versions anew in every build, and passes over: bun.lock"}, word: newer,
		},
		{
			name: "npm was chosen in spite of packageManager", app: files{"package.json": manifest + `,"packageManager":"pnpm@10.0.0"}`}, env: "npm",
			says: []string{"WARNING: there is no lockfile", "in spite of: packageManager pnpm@10.0.0"}, word: newer,
		},
		{
			name: "modules that are brought along", app: files{"package.json": manifest + "}", "yarn.lock": berry, "node_modules/word/package.json": `{"name":"word","version":"1.0.5"}`, "node_modules/word/index.js": `module.exports = "own"`}, env: "npm",
			says: []string{"WARNING: the app's own node_modules decides on the versions, and npm passes over: yarn.lock of Yarn 2 or later"}, word: "own\n",
		},
		{
			name: "modules that are brought along, and no lockfile", app: files{"package.json": manifest + "}", "node_modules/word/package.json": `{"name":"word","version":"1.0.5"}`, "node_modules/word/index.js": `module.exports = "own"`},
			silent: []string{"WARNING"}, word: "own\n",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			if text, ok := row.app["yarn.lock"]; ok {
				row.app["yarn.lock"] = strings.ReplaceAll(text, "REGISTRY", f.npms.URL)
			}
			if row.lock {
				f.withLock(files{"package.json": strings.Replace(row.app["package.json"], "^1.0.0", "1.0.0", 1)})
				writeFiles(t, f.app, files{"package-lock.json": strings.Replace(f.read("package-lock.json"), `"word": "1.0.0"`, `"word": "^1.0.0"`, 1)})
			}
			writeFiles(t, f.app, row.app)
			writeFiles(t, f.app, files{"show.js": `console.log(require("word"))`})
			f.env = f.env.With("BP_NODE_PACKAGE_MANAGER", row.env)
			f.built(launchOnly)
			for _, want := range row.says {
				if !strings.Contains(f.log.String(), want) {
					t.Errorf("the log does not say %q:\n%s", want, f.log.String())
				}
			}
			for _, bad := range row.silent {
				if strings.Contains(f.log.String(), bad) {
					t.Errorf("the log says %q:\n%s", bad, f.log.String())
				}
			}
			if row.name != "no lockfile, and a choice in a folder" {
				if got := f.runs("show.js"); got != row.word {
					t.Errorf("got %q, want %q", got, row.word)
				}
			}
		})
	}
}

// npm writes a yarn.lock anew that it reads; the app's own stays as it was.
func TestTheAppsYarnLockStaysAsItWas(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, path string
		app        files
	}{
		{"a project", "", files{"package.json": withDev}},
		{"a workspace", "packages/a", mono(`{"name":"root","private":true,"workspaces":["packages/*"]}`, files{"packages/a/package.json": withDev})},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			writeFiles(t, f.app, row.app)
			text := "# yarn lockfile v1\n\n\n\"word@^1.0.0\":\n  version \"1.0.0\"\n  resolved \"" + f.npms.URL + "/word/-/x--1.0.0.tgz\"\n"
			writeFiles(t, f.app, files{"yarn.lock": text})
			path := filepath.Join(f.app, "yarn.lock")
			f.Expect(os.Chmod(path, 0o444)).To(Succeed())
			f.env = f.env.With("BP_NODE_PROJECT_PATH", row.path).With("BP_NODE_PACKAGE_MANAGER", "npm")
			f.built(launchOnly)
			if got := f.read("yarn.lock"); got != text {
				t.Errorf("yarn.lock became %q", got)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 { // git's
				t.Errorf("its mode became %v, %v", info.Mode(), err)
			}
			if got, err := os.ReadFile(f.modules("launch-modules", "word", "index.js")); err != nil || !strings.Contains(string(got), "word@1.0.0") {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
}

// The plan has the package manager that the app is made with.
func TestDetectProvidesTheManager(t *testing.T) {
	for _, row := range []struct {
		name    string
		app     files
		env     environ.List
		manager string // in the plan; empty for npm
		id      string
	}{
		{name: "npm's lockfile", app: files{"package.json": `{}`, "package-lock.json": lock3}},
		{name: "Bun's lockfile", app: files{"package.json": `{}`, "bun.lock": "{}"}, manager: "bun"},
		{name: "Bun's lockfile, and npm is chosen", app: files{"package.json": `{}`, "bun.lock": "{}"}, env: environ.List{"BP_NODE_PACKAGE_MANAGER=npm"}},
		{name: "several lockfiles", app: files{"package.json": `{}`, "bun.lock": "{}", "package-lock.json": lock3}, id: "several-lockfiles"},
		{name: "a lockfile that git ignores", app: files{"package.json": `{}`, "bun.lock": "{}", "package-lock.json": lock3, ".gitignore": "package-lock.json\n"}, manager: "bun"},
		{name: "another's lockfile", app: files{"package.json": `{"packageManager":"bun@1.4.5"}`, "package-lock.json": lock3}, id: "lockfile-of-another-manager"},
		{name: "no version", app: files{"package.json": `{"packageManager":"bun@canary"}`}, id: "package-manager-version-invalid"},
		{name: "a version of the past", app: files{"package.json": `{"packageManager":"bun@0.8.1"}`}, id: "package-manager-too-old"},
		{name: ".dockerignore leaves the lockfile out", app: files{"package.json": `{}`, "bun.lock": "{}", ".dockerignore": "bun.lock\n"}, id: "dockerignore-leaves-out-needed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			app := t.TempDir()
			writeFiles(t, app, row.app)
			got, err := npminstall.Detect(row.env)(packit.DetectContext{WorkingDir: app})
			if row.id != "" {
				if !errors.Is(err, &failure.Failure{ID: row.id}) {
					t.Errorf("got %v, want %s", err, row.id)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var provides, requires string
			for _, one := range got.Plan.Provides {
				provides += one.Name + " "
			}
			for _, one := range got.Plan.Requires {
				requires += one.Name + " "
			}
			if want := strings.TrimLeft("node_modules "+row.manager+" ", " "); strings.TrimSpace(provides) != strings.TrimSpace(want) {
				t.Errorf("it provides %q, want %q", provides, want)
			}
			if want := "node npm " + row.manager; strings.TrimSpace(requires) != strings.TrimSpace(want) {
				t.Errorf("it requires %q, want %q", requires, want)
			}
		})
	}
}
