package yarn

import (
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
)

// As Yarn 1.22.22 and 4.18.1 themselves do.
func TestSettingsThatLetNoScriptRun(t *testing.T) {
	for _, tc := range []struct {
		name, version string
		file, text    string
		user, binding string
		want          bool
	}{
		{name: "nothing", version: "1.22.22"},
		{name: ".yarnrc", version: "1.22.22", file: ".yarnrc", text: "registry \"x\"\nignore-scripts true\n", want: true},
		{name: "a flag in .yarnrc", version: "1.22.22", file: ".yarnrc", text: "--install.ignore-scripts true\n", want: true},
		{name: "off", version: "1.22.22", file: ".yarnrc", text: "ignore-scripts false\n"},
		{name: "a comment", version: "1.22.22", file: ".yarnrc", text: "# ignore-scripts true\n"},
		{name: "the user's", version: "1.22.22", user: "ignore-scripts true\n", want: true},
		{name: "a binding's", version: "1.22.22", binding: "ignore-scripts true\n", want: true},
		{name: ".npmrc, which Yarn 1 does not ask", version: "1.22.22", file: ".npmrc", text: "ignore-scripts=true\n"},
		{name: "Yarn 4, which runs the project's", version: "4.18.1", file: ".yarnrc", text: "ignore-scripts true\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			app := files{"package.json": `{"name":"app"}`, "yarn.lock": classicLock}
			if tc.version != "1.22.22" {
				app["yarn.lock"] = berryLock
			}
			if tc.file != "" {
				app[tc.file] = tc.text
			}
			m, _ := inspected(t, tc.version, app)
			m.yarn = programs.Program{Version: tc.version}
			writeFiles(t, m.env.Get("HOME"), files{filepath.Base(classicConfig): tc.user})
			m.config.files = map[string]string{classicConfig: tc.binding}
			if got, err := m.ignoresScripts(); err != nil || got != tc.want {
				t.Errorf("got %t, %v, want %t", got, err, tc.want)
			}
		})
	}
}
