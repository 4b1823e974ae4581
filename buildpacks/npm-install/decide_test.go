package npminstall_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
	"github.com/armature-cnb/armature/internal/environ"
)

// nativeLock is a lockfile with a package that compiles, one that fetches binaries,
// one that is for a platform, and one that is for another.
const nativeLock = `{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1","b":"1","c":"1"}},
"node_modules/a":{"version":"1.0.0","hasInstallScript":true,"dependencies":{"nan":"2"}},
"node_modules/b":{"version":"1.0.0","hasInstallScript":true,"dependencies":{"prebuild-install":"7","nan":"2"}},
"node_modules/c":{"version":"1.0.0","hasInstallScript":true,"optionalDependencies":{"@c/arm":"1","@c/x64":"1"},"dependencies":{"node-gyp-build":"4"}},
"node_modules/@c/arm":{"version":"1.0.0","optional":true,"os":["linux"],"cpu":["arm64"]},
"node_modules/@c/x64":{"version":"1.0.0","optional":true,"os":["linux"],"cpu":["x64"]},
"node_modules/nan":{"version":"2.0.0"},"node_modules/plain":{"version":"1.0.0","dependencies":{"bindings":"1"}}}}`

func TestTheInstallIsDecided(t *testing.T) {
	for _, row := range []struct {
		name string
		app  files
		env  environ.List
		want []string // "topic name: decision [setting]"
	}{
		{
			name: "npm without a lockfile, and no script",
			app:  files{"package.json": `{}`},
			want: []string{"manager npm: that of Node.js [BP_NODE_PACKAGE_MANAGER=npm]", "build-script : none [BP_NODE_RUN_SCRIPTS=none]"},
		},
		{
			name: "the npm that is asked for, and scripts",
			app:  files{"package.json": `{"packageManager":"npm@11.6.0","scripts":{"build":"tsc","postinstall":"node x.js"}}`, "package-lock.json": `{"lockfileVersion":3,"packages":{}}`},
			want: []string{"manager npm: 11.6.0 [BP_NODE_PACKAGE_MANAGER=npm]", "install-script postinstall: runs: node x.js []", "build-script build: tsc [BP_NODE_RUN_SCRIPTS=build]"},
		},
		{
			name: "scripts that a setting names",
			app:  files{"package.json": `{"scripts":{"one":"1","two":"2"}}`},
			env:  environ.List{"BP_NODE_RUN_SCRIPTS=one,two"},
			want: []string{"manager npm: that of Node.js [BP_NODE_PACKAGE_MANAGER=npm]", "build-script one: 1 []", "build-script two: 2 [BP_NODE_RUN_SCRIPTS=one,two]"},
		},
		{
			name: "pnpm, by its lockfile",
			app:  files{"package.json": `{"packageManager":"pnpm@10.2.0"}`, "pnpm-lock.yaml": "lockfileVersion: '9.0'\n"},
			want: []string{"manager pnpm: 10.2.0 [BP_NODE_PACKAGE_MANAGER=pnpm]", "build-script : none [BP_NODE_RUN_SCRIPTS=none]"},
		},
		{
			name: "native modules",
			app:  files{"package.json": `{}`, "package-lock.json": nativeLock},
			want: []string{
				"manager npm: that of Node.js [BP_NODE_PACKAGE_MANAGER=npm]", "build-script : none [BP_NODE_RUN_SCRIPTS=none]",
				"native @c/arm@1.0.0: comes as a binary []", "install-script a@1.0.0: may run []", "native a@1.0.0: is compiled []",
				"install-script b@1.0.0: may run []", "native b@1.0.0: comes as a binary where there is one for the target, or else is compiled []",
				"install-script c@1.0.0: may run []",
			},
		},
		{
			name: "what does not get into the image",
			app:  files{"package.json": `{}`, ".git/HEAD": "x", ".dockerignore": "docs\n*.log\n", "docs/a": "x", "b.log": "x", "keep": "x"},
			want: []string{
				"manager npm: that of Node.js [BP_NODE_PACKAGE_MANAGER=npm]", "build-script : none [BP_NODE_RUN_SCRIPTS=none]",
				"left-out .git: left out []", "left-out b.log: left out []", "left-out docs: left out []",
			},
		},
		{
			name: "a project below the app's root",
			app:  files{"web/package.json": `{}`},
			env:  environ.List{"BP_NODE_PROJECT_PATH=web"},
			want: []string{"project : web [BP_NODE_PROJECT_PATH=web]", "manager npm: that of Node.js [BP_NODE_PACKAGE_MANAGER=npm]", "build-script : none [BP_NODE_RUN_SCRIPTS=none]"},
		},
		{
			name: "a lockfile that cannot be read, which ends the build",
			app:  files{"package.json": `{}`, "package-lock.json": "{"},
			want: []string{"manager npm: that of Node.js [BP_NODE_PACKAGE_MANAGER=npm]", "asked lockfile-invalid"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			app := t.TempDir()
			writeFiles(t, app, row.app)
			env := append(environ.List{"CNB_TARGET_OS=linux", "CNB_TARGET_ARCH=arm64"}, row.env...)
			var got []string
			for _, d := range npminstall.Decide(env)(packit.DetectContext{WorkingDir: app}) {
				line := fmt.Sprintf("%s %s: %s [%s]", d.Topic, d.Name, d.Decision, d.Setting)
				if d.Topic == "asked" {
					line = fmt.Sprintf("%s %s", d.Topic, d.Name)
				}
				got = append(got, line)
			}
			if !slices.Equal(got, row.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(row.want, "\n\t"))
			}
		})
	}
}
