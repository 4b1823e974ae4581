package npminstall_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

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
