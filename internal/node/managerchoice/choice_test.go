package managerchoice_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
)

const (
	yarn1 = "# yarn lockfile v1\n\n\nms@^2.0.0:\n  version \"2.0.0\"\n"
	berry = "__metadata:\n  version: 8\n"
	onMs  = `{"dependencies":{"ms":"^2.0.0"}}`
	npm1  = `{"lockfileVersion":1,"dependencies":{"ms":{"version":"2.0.0"}}}`
	npm3  = `{"lockfileVersion":3,"packages":{"":{"dependencies":{"ms":"^2.0.0"}},"node_modules/ms":{"version":"2.0.0"}}}`
)

// texts are the files of an app, by their names.
type texts map[string]string

// choose writes an app with files, of which git ignores some, and chooses the
// manager of the project in a folder.
func choose(t *testing.T, app texts, ignored []string, root, dir, wanted string) (managerchoice.Choice, error) {
	t.Helper()
	top := t.TempDir()
	for name, text := range app {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(top, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, top, name, text)
	}
	return managerchoice.Choose(managerchoice.Place{
		App: top, Root: filepath.Join(top, root), Dir: filepath.Join(top, dir),
		Ignores: func(file string) bool { return slices.Contains(ignored, file) },
	}, wanted)
}

func TestChoose(t *testing.T) {
	for _, row := range []struct {
		name      string
		app       texts
		ignored   []string
		root, dir string
		wanted    string
		manager   string
		evidence  string
		passes    string // what does not count
	}{
		{name: "nothing", app: texts{"package.json": `{}`}, manager: "npm"},
		{name: "npm's lockfile", app: texts{"package.json": `{}`, "package-lock.json": "{}"}, manager: "npm", evidence: "package-lock.json"},
		{name: "both of npm's", app: texts{"package.json": `{}`, "package-lock.json": "{}", "npm-shrinkwrap.json": "{}"}, manager: "npm", evidence: "npm-shrinkwrap.json"},
		{name: "pnpm's", app: texts{"package.json": `{}`, "pnpm-lock.yaml": ""}, manager: "pnpm", evidence: "pnpm-lock.yaml"},
		{name: "that of Yarn 1", app: texts{"package.json": `{}`, "yarn.lock": yarn1}, manager: "yarn", evidence: "yarn.lock of Yarn 1"},
		{name: "that of Yarn 4", app: texts{"package.json": `{}`, "yarn.lock": berry}, manager: "yarn", evidence: "yarn.lock of Yarn 2 or later"},
		{name: "Bun's two", app: texts{"package.json": `{}`, "bun.lock": "{}", "bun.lockb": ""}, manager: "bun", evidence: "bun.lock"},
		{name: "Deno's", app: texts{"package.json": `{}`, "deno.lock": "{}"}, manager: "deno", evidence: "deno.lock"},
		{name: "Deno's beside another", app: texts{"package.json": `{}`, "deno.lock": "{}", "bun.lock": "{}"}, manager: "bun", evidence: "bun.lock"},
		{name: "an empty one of Yarn's", app: texts{"package.json": `{}`, "yarn.lock": "# yarn lockfile v1\n"}, manager: "yarn", evidence: "yarn.lock of Yarn 1"},
		{name: "an empty one of Yarn's beside another", app: texts{"package.json": `{}`, "yarn.lock": "", "package-lock.json": "{}"}, manager: "npm", evidence: "package-lock.json"},
		{
			name: "the setting goes before everything", app: texts{"package.json": `{"packageManager":"pnpm@10.0.0"}`, "pnpm-lock.yaml": "", ".yarnrc.yml": ""}, wanted: "npm",
			manager: "npm", evidence: "BP_NODE_PACKAGE_MANAGER", passes: "pnpm-lock.yaml, packageManager pnpm@10.0.0, .yarnrc.yml",
		},
		{name: "packageManager", app: texts{"package.json": `{"packageManager":"yarn@4.1.0+sha224.abc"}`}, manager: "yarn", evidence: "packageManager yarn@4.1.0"},
		{name: "packageManager without a version is none, as for corepack", app: texts{"package.json": `{"packageManager":"pnpm"}`}, manager: "npm"},
		{
			name: "packageManager decides between lockfiles", app: texts{"package.json": `{"packageManager":"pnpm@10.0.0"}`, "pnpm-lock.yaml": "", "package-lock.json": "{}"},
			manager: "pnpm", evidence: "packageManager pnpm@10.0.0", passes: "package-lock.json",
		},
		{name: "packageManager goes before devEngines", app: texts{"package.json": `{"packageManager":"npm@11.6.0","devEngines":{"packageManager":{"name":"pnpm"}}}`}, manager: "npm", evidence: "packageManager npm@11.6.0"},
		{name: "one that nobody knows, whatever the lockfile", app: texts{"package.json": `{"packageManager":"vlt@1.0.0"}`, "yarn.lock": berry}, manager: "vlt", evidence: "packageManager vlt@1.0.0", passes: "yarn.lock of Yarn 2 or later"},
		{name: "devEngines", app: texts{"package.json": `{"devEngines":{"packageManager":{"name":"bun","version":"1"}}}`}, manager: "bun", evidence: "devEngines.packageManager bun"},
		{name: "the first of devEngines", app: texts{"package.json": `{"devEngines":{"packageManager":[{"name":"npm"},{"name":"pnpm"}]}}`}, manager: "npm", evidence: "devEngines.packageManager npm", passes: "devEngines.packageManager pnpm"},
		{
			name: "the one of devEngines with a lockfile", app: texts{"package.json": `{"devEngines":{"packageManager":[{"name":"npm"},{"name":"pnpm"}]}}`, "pnpm-lock.yaml": ""},
			manager: "pnpm", evidence: "devEngines.packageManager pnpm", passes: "devEngines.packageManager npm",
		},
		{
			name: "devEngines that only warns", app: texts{"package.json": `{"devEngines":{"packageManager":{"name":"pnpm","onFail":"warn"}}}`, "yarn.lock": yarn1},
			manager: "yarn", evidence: "yarn.lock of Yarn 1", passes: "devEngines.packageManager pnpm",
		},
		{
			name: "a lockfile that git ignores", app: texts{"package.json": `{}`, "package-lock.json": "{}", "bun.lock": "{}"}, ignored: []string{"package-lock.json"},
			manager: "bun", evidence: "bun.lock", passes: "package-lock.json",
		},
		{name: "the only lockfile, which git ignores", app: texts{"package.json": `{}`, "package-lock.json": "{}"}, ignored: []string{"package-lock.json"}, manager: "npm", evidence: "package-lock.json"},
		{name: "a lockfile goes before configuration", app: texts{"package.json": `{}`, "package-lock.json": "{}", ".yarnrc.yml": ""}, manager: "npm", evidence: "package-lock.json", passes: ".yarnrc.yml"},
		{name: "configuration of Yarn", app: texts{"package.json": `{"engines":{"pnpm":"10"}}`, ".yarnrc.yml": ""}, manager: "yarn", evidence: ".yarnrc.yml"},
		{name: "a vendored Yarn 1", app: texts{"package.json": `{}`, ".yarnrc": "yarn-path \".yarn/releases/yarn-1.22.19.cjs\"\n"}, manager: "yarn", evidence: "yarn-path in .yarnrc"},
		{name: "other settings of Yarn 1", app: texts{"package.json": `{}`, ".yarnrc": "save-prefix \"\"\n"}, manager: "npm"},
		{name: "workspaces of pnpm's", app: texts{"package.json": `{}`, "pnpm-workspace.yaml": "packages: [a]\n"}, manager: "pnpm", evidence: "pnpm-workspace.yaml"},
		{name: "engines", app: texts{"package.json": `{"engines":{"yarn":">=1.22"}}`}, manager: "yarn", evidence: "engines.yarn >=1.22"},
		{name: "engines that name npm, too", app: texts{"package.json": `{"engines":{"npm":">=8","yarn":">=1.22"}}`}, manager: "npm"},
		{name: "engines that refuse a manager", app: texts{"package.json": `{"engines":{"npm":"please-use-pnpm","pnpm":">=9","yarn":"please-use-pnpm"}}`}, manager: "pnpm", evidence: "engines.pnpm >=9"},
		{name: "engines beside a lockfile", app: texts{"package.json": `{"engines":{"yarn":">=1.22"}}`, "package-lock.json": "{}"}, manager: "npm", evidence: "package-lock.json"},
		{name: "volta", app: texts{"package.json": `{"volta":{"node":"24.0.0","yarn":"1.22.22"}}`}, manager: "yarn", evidence: "volta.yarn 1.22.22"},
		{name: "volta's npm", app: texts{"package.json": `{"volta":{"node":"24.0.0","npm":"11.0.0"}}`}, manager: "npm"},
		{
			name: "the root's lockfile", app: texts{"package.json": `{}`, "pnpm-lock.yaml": "", "a/package.json": `{}`, "a/yarn.lock": berry}, dir: "a",
			manager: "pnpm", evidence: "pnpm-lock.yaml",
		},
		{name: "a project below the app's root", app: texts{"web/package.json": `{}`, "web/yarn.lock": yarn1, "yarn.lock": berry}, root: "web", dir: "web", manager: "yarn", evidence: "web/yarn.lock of Yarn 1"},
		{name: "the root declares it", app: texts{"package.json": `{"packageManager":"bun@1.2.0"}`, "a/package.json": `{}`}, dir: "a", manager: "bun", evidence: "packageManager bun@1.2.0"},
		{name: "the package.json above declares it", app: texts{"package.json": `{"packageManager":"pnpm@10.0.0"}`, "a/package.json": `{}`}, root: "a", dir: "a", manager: "pnpm", evidence: "packageManager pnpm@10.0.0"},
		{
			name: "a lockfile goes before the package.json above", app: texts{"package.json": `{"packageManager":"pnpm@10.0.0"}`, "a/package.json": `{}`, "a/package-lock.json": "{}"}, root: "a", dir: "a",
			manager: "npm", evidence: "a/package-lock.json",
		},
		{
			name: "several, of which one fits package.json", app: texts{"package.json": onMs, "package-lock.json": npm1, "yarn.lock": strings.ReplaceAll(yarn1, "2", "1")},
			manager: "npm", evidence: "package-lock.json, the only one that fits package.json", passes: "yarn.lock of Yarn 1",
		},
		{
			name: "several, of which npm's does not fit", app: texts{"package.json": onMs, "package-lock.json": strings.ReplaceAll(npm3, "^2.0.0", "^1.0.0"), "yarn.lock": yarn1},
			manager: "yarn", evidence: "yarn.lock of Yarn 1, the only one that fits package.json", passes: "package-lock.json",
		},
		{
			name: "pnpm's old format fits", app: texts{"package.json": onMs, "pnpm-lock.yaml": "specifiers:\n  ms: ^2.0.0\n", "yarn.lock": berry},
			manager: "pnpm", evidence: "pnpm-lock.yaml, the only one that fits package.json", passes: "yarn.lock of Yarn 2 or later",
		},
		{
			name: "pnpm's fits", app: texts{"package.json": `{"devDependencies":{"@a/ms":"^2.0.0"}}`, "pnpm-lock.yaml": "importers:\n  .:\n    devDependencies:\n      '@a/ms':\n        specifier: ^2.0.0\n        version: 2.0.0\n", "bun.lockb": ""},
			manager: "pnpm", evidence: "pnpm-lock.yaml, the only one that fits package.json", passes: "bun.lockb",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := choose(t, row.app, row.ignored, row.root, row.dir, row.wanted)
			if err != nil {
				t.Fatal(err)
			}
			var passes []string
			for _, one := range got.Ignored {
				passes = append(passes, one.Text)
			}
			if got.Manager != row.manager || got.Evidence != row.evidence || strings.Join(passes, ", ") != row.passes {
				t.Errorf("got %s by %q over %q, want %s by %q over %q", got.Manager, got.Evidence, passes, row.manager, row.evidence, row.passes)
			}
		})
	}
}

func TestChooseRefuses(t *testing.T) {
	for _, row := range []struct {
		name    string
		app     texts
		ignored []string
		id      string
		says    []string
	}{
		{
			name: "several lockfiles", app: texts{"package.json": `{}`, "package-lock.json": "{}", "yarn.lock": yarn1}, id: "several-lockfiles",
			says: []string{"npm and yarn", "package-lock.json", "yarn.lock of Yarn 1", `"packageManager": "npm@VERSION"`, "BP_NODE_PACKAGE_MANAGER=npm or yarn"},
		},
		{name: "several that fit package.json", app: texts{"package.json": onMs, "package-lock.json": npm3, "bun.lock": `{"workspaces":{"":{"dependencies":{"ms":"^2.0.0"}}}}`}, id: "several-lockfiles"},
		{name: "several that do not fit package.json", app: texts{"package.json": `{"dependencies":{"ms":"^3.0.0"}}`, "package-lock.json": npm3, "yarn.lock": yarn1}, id: "several-lockfiles"},
		{name: "several that git ignores", app: texts{"package.json": `{}`, "bun.lock": "{}", "yarn.lock": yarn1}, ignored: []string{"bun.lock", "yarn.lock"}, id: "several-lockfiles"},
		{
			name: "another's lockfile", app: texts{"package.json": `{"packageManager":"pnpm@10.0.0"}`, "package-lock.json": "{}"}, id: "lockfile-of-another-manager",
			says: []string{"declares pnpm (packageManager pnpm@10.0.0)", "is npm's: package-lock.json", "BP_NODE_PACKAGE_MANAGER=npm", "BP_NODE_PACKAGE_MANAGER=pnpm"},
		},
		{name: "npm declared beside that of Yarn 1", app: texts{"package.json": `{"packageManager":"npm@11.6.0"}`, "yarn.lock": yarn1}, id: "lockfile-of-another-manager"},
		{name: "devEngines", app: texts{"package.json": `{"devEngines":{"packageManager":{"name":"pnpm"}}}`, "bun.lock": "{}"}, id: "lockfile-of-another-manager"},
		{name: "a package.json that is none", app: texts{"package.json": `{`}, id: "package-json-invalid"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := choose(t, row.app, row.ignored, "", "", "")
			if !errors.Is(err, &failure.Failure{ID: row.id}) {
				t.Fatalf("got %v, want %s", err, row.id)
			}
			for _, want := range row.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}
		})
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
