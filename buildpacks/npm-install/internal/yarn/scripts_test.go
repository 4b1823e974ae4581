package yarn

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/modules"
)

// ready returns the manager of an app, after Prepare.
func ready(t *testing.T, version string, app files) *manager {
	t.Helper()
	m, err := inspected(t, version, app)
	if err != nil {
		t.Fatal(err)
	}
	m.env = m.env.With("PATH", os.Getenv("PATH"))
	m.cache = &modules.Downloads{Dir: t.TempDir()}
	m.yarn.Version, m.yarn.Argv = version, []string{"yarn"}
	return m
}

func TestScriptsOfTheProject(t *testing.T) {
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		version, lock string
		root, others  []string
	}{
		{"1.22.22", classicLock, []string{"preinstall", "install", "postinstall", "prepublish", "prepare"}, []string{"preinstall", "install", "postinstall"}},
		{"4.18.1", berryLock, []string{"preinstall", "install", "postinstall"}, []string{"preinstall", "install", "postinstall"}},
	} {
		t.Run(tc.version, func(t *testing.T) {
			m := ready(t, tc.version, files{
				"package.json": `{"name":"app","dependencies":{"a":"^1.0.0"},"scripts":{"postinstall":"tool-of-devDependencies","prepare":"env > written","install":"env > written"}}`,
				"yarn.lock":    tc.lock, ".yarnrc.yml": "nodeLinker: node-modules\n",
			})
			if root, others := m.Words().FolderScripts(""), m.Words().FolderScripts("w"); !slices.Equal(root, tc.root) || !slices.Equal(others, tc.others) {
				t.Errorf("got the scripts %q and %q, want %q and %q", root, others, tc.root, tc.others)
			}
			if err := m.runScripts(modules.Part{Target: host, Host: host}); err != nil {
				t.Errorf("an install for the launch runs the project's scripts: %v", err)
			}
			for _, name := range []string{"install", "prepare"} {
				written := filepath.Join(m.project.Dir, "written")
				os.Remove(written)
				if err := m.Run(modules.Script{Name: name, Install: true}); err != nil {
					t.Fatal(err)
				}
				env, err := os.ReadFile(written)
				if want := "YARN_IGNORE_PATH=1\n"; err != nil || !strings.Contains(string(env), want) {
					t.Errorf("%s: got %v and the environment %q, want %q in it", name, err, env, want)
				}
			}
		})
	}
}

func TestWhatOnlyDevelopmentNeedsIsNotDownloaded(t *testing.T) {
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{"devDependencies": "0", "dependencies": ""} {
		t.Run(kind, func(t *testing.T) {
			m := ready(t, "1.22.22", files{
				"package.json":                      `{"name":"app","` + kind + `":{"cypress":"^13.0.0"}}`,
				"yarn.lock":                         "# yarn lockfile v1\n\n\ncypress@^13.0.0:\n  version \"13.9.0\"\n",
				"node_modules/cypress/package.json": `{"name":"cypress","version":"13.9.0","scripts":{"postinstall":"printf %s \"$CYPRESS_INSTALL_BINARY\" > written"}}`,
			})
			if err := m.runScripts(modules.Part{Target: host, Host: host, Dev: true}); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(m.project.Dir, "node_modules/cypress/written"))
			if err != nil || string(got) != want {
				t.Errorf("got %v and CYPRESS_INSTALL_BINARY=%q, want %q", err, got, want)
			}
		})
	}
}
