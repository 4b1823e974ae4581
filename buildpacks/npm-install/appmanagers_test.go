package npminstall_test

import (
	"errors"
	"strings"
	"testing"

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
