package npminstall

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
)

// What npm makes may follow from its versions and its settings, and from no
// credential and no place outside of the app.
func TestTheKeyFollowsFromNPMAndItsSettings(t *testing.T) {
	write := func(t *testing.T, path, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	project := func(m *manager) string { return filepath.Join(m.project.Dir, ".npmrc") }
	for _, tc := range []struct {
		name   string
		first  func(t *testing.T, m *manager) // before both
		change func(t *testing.T, m *manager)
		same   bool
	}{
		{name: "npm", change: func(_ *testing.T, m *manager) { m.npm.versions.NPM = "11.0.1" }},
		{name: "Node.js", change: func(_ *testing.T, m *manager) { m.npm.versions.Node = "24.1.1" }},
		{name: "the ABI", change: func(_ *testing.T, m *manager) { m.npm.versions.Modules = "138" }},
		{name: "Node-API", change: func(_ *testing.T, m *manager) { m.npm.versions.NAPI = "11" }},
		{name: "a setting of npm's in the environment", change: func(_ *testing.T, m *manager) { m.env = m.env.With("npm_config_omit", "optional") }},
		{name: "any other variable", same: true, change: func(_ *testing.T, m *manager) { m.env = m.env.With("TERM", "dumb") }},
		{name: "HOME", same: true, change: func(t *testing.T, m *manager) { m.env = m.env.With("HOME", t.TempDir()) }},
		{name: "where npm's cache is", same: true, change: func(t *testing.T, m *manager) { m.env = m.env.With("NPM_CONFIG_CACHE", t.TempDir()) }},
		{name: "a token in the environment", same: true, change: func(_ *testing.T, m *manager) { m.env = m.env.With("npm_config_//r.example.com/:_authToken", "secret") }},
		{name: "the project's configuration", change: func(t *testing.T, m *manager) { write(t, project(m), "omit=optional\n") }},
		{name: "the user's configuration", change: func(t *testing.T, m *manager) { write(t, m.env.Get("HOME")+"/.npmrc", "omit=optional\n") }},
		{name: "the user's configuration, elsewhere", change: func(t *testing.T, m *manager) {
			path := filepath.Join(t.TempDir(), "rc")
			write(t, path, "omit=optional\n")
			m.env = m.env.With("NPM_CONFIG_USERCONFIG", path)
		}},
		{name: "the global configuration", change: func(t *testing.T, m *manager) { write(t, m.globalConfig, "omit=optional\n") }},
		{name: "a token", same: true, first: func(t *testing.T, m *manager) { write(t, project(m), "//r.example.com/:_authToken=a\n") },
			change: func(t *testing.T, m *manager) { write(t, project(m), "//r.example.com/:_authToken=b\n") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := &manager{
				env: environ.List{"HOME=" + t.TempDir()}, project: &modules.Project{Dir: t.TempDir()}, globalConfig: filepath.Join(t.TempDir(), "npmrc"),
				npm: npm{versions: versions{NPM: "11.0.0", Node: "24.1.0", Modules: "137", NAPI: "10"}},
			}
			key := func() modules.Key {
				t.Helper()
				key, err := m.Key()
				if err != nil {
					t.Fatal(err)
				}
				return key
			}
			if tc.first != nil {
				tc.first(t, m)
			}
			before := key()
			tc.change(t, m)
			if after := key(); reflect.DeepEqual(before, after) != tc.same {
				t.Errorf("got %q and %q, want that they are the same: %v", before, after, tc.same)
			}
		})
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".npmrc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := (&manager{project: &modules.Project{Dir: dir}}).Key(); err == nil {
		t.Error("a folder in place of the configuration is no error")
	}
}
