package pnpm

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
)

// As pnpm 9.15.9, 10.34.9 and 12.21.0 themselves do.
func TestSettingsThatLetNoScriptRun(t *testing.T) {
	for _, tc := range []struct {
		name, version    string
		file, text, user string
		variable         string
		want             bool
	}{
		{name: "nothing", version: "10.34.9"},
		{name: ".npmrc", version: "9.15.9", file: ".npmrc", text: "ignore-scripts=true\n", want: true},
		{name: "off", version: "10.34.9", file: ".npmrc", text: "ignore-scripts=false\n"},
		{name: "the user's .npmrc", version: "10.34.9", user: "ignore-scripts=true\n", want: true},
		{name: "a variable", version: "10.34.9", variable: "npm_config_ignore_scripts=true", want: true},
		{name: "pnpm-workspace.yaml", version: "10.34.9", file: workspaceFile, text: "ignoreScripts: true\n", want: true},
		{name: "pnpm-workspace.yaml, which pnpm 9 does not ask", version: "9.15.9", file: workspaceFile, text: "packages: []\nignoreScripts: true\n"},
		{name: "pnpm-workspace.yaml of pnpm 12", version: "12.21.0", file: workspaceFile, text: "ignoreScripts: true\n", want: true},
		{name: "a variable of pnpm 12", version: "12.21.0", variable: "pnpm_config_ignore_scripts=true", want: true},
		{name: ".npmrc, which pnpm 12 does not ask", version: "12.21.0", file: ".npmrc", text: "ignore-scripts=true\n"},
		{name: "npm's variable, which pnpm 12 does not ask", version: "12.21.0", variable: "npm_config_ignore_scripts=true"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir, home := t.TempDir(), t.TempDir()
			if tc.file != "" {
				write(t, filepath.Join(dir, tc.file), tc.text)
			}
			write(t, filepath.Join(home, ".npmrc"), tc.user)
			v, err := parseVersion(tc.version)
			if err != nil {
				t.Fatal(err)
			}
			m := &Manager{env: environ.List{"HOME=" + home}, log: scribe.NewEmitter(&bytes.Buffer{}), project: &modules.Project{Dir: dir}, pnpm: pnpm{version: v}}
			if tc.variable != "" {
				m.env = append(m.env, tc.variable)
			}
			if m.settings, err = readSettings(dir, v); err != nil {
				t.Fatal(err)
			}
			if got, err := m.ignoresScripts(); err != nil || got != tc.want {
				t.Errorf("got %t, %v, want %t", got, err, tc.want)
			}
		})
	}
}
