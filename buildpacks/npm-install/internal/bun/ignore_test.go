package bun

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/modules"
)

// As Bun 1.4.5 itself does.
func TestSettingsThatLetNoScriptRun(t *testing.T) {
	for _, tc := range []struct {
		name     string
		app      map[string]string
		variable string
		user     string // the user's bunfig.toml
		want     bool
	}{
		{"nothing", nil, "", "", false},
		{"the project's .npmrc", map[string]string{".npmrc": "ignore-scripts=true\n"}, "", "", true},
		{"without a value", map[string]string{".npmrc": "ignore-scripts\n"}, "", "", true},
		{"off in .npmrc", map[string]string{".npmrc": "ignore-scripts=false\n"}, "", "", false},
		{"a variable", nil, "npm_config_ignore_scripts=true", "", true},
		{"the project's bunfig.toml", map[string]string{"bunfig.toml": "[install]\nignoreScripts = true\n"}, "", "", true},
		{"the user's", nil, "", "[install]\nignoreScripts = true\n", true},
		{"off in the project", map[string]string{"bunfig.toml": "[install]\nignoreScripts = false\n"}, "", "[install]\nignoreScripts = true\n", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			app := map[string]string{"package.json": `{"scripts":{"postinstall":"echo > written"}}`}
			for name, text := range tc.app {
				app[name] = text
			}
			m := inApp(t, app)
			if tc.variable != "" {
				m.env = append(m.env, tc.variable)
			}
			if err := os.WriteFile(filepath.Join(m.env.Get("HOME"), globalFile), []byte(tc.user), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := m.Run(modules.Script{Name: "postinstall", Install: true}); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(m.project.Dir, "written")); (err != nil) != tc.want {
				t.Errorf("the script has not run: %t, want %t", err != nil, tc.want)
			}
		})
	}
}
