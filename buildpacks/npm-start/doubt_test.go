package npmstart_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
)

// A start that will probably fail causes one warning, with the script's name.
func TestDoubts(t *testing.T) {
	for _, row := range []struct {
		name, packageJSON string
		modules           []string // of the launch layer; nil for an app without modules
		says              string   // empty for no warning
	}{
		{"a file that is there", `{"scripts":{"start":"node server.js"}}`, nil, ""},
		{"a file without its end", `{"scripts":{"start":"node ./server"}}`, nil, ""},
		{"the app's folder", `{"scripts":{"start":"node ."}}`, nil, ""},
		{"a file that nothing made", `{"scripts":{"start":"node dist/index.js"}}`, nil, "[start-file-missing] the script start starts dist/index.js, which is not in the app's folder when the image is made. To fix it: correct the name, or let the script build make the file, or one that BP_NODE_RUN_SCRIPTS names"},
		{"a file of another script", `{"scripts":{"start":"npm run serve","serve":"node --enable-source-maps dist/index.js","build":"true"}}`, nil, "[start-file-missing] the script start runs serve, which starts dist/index.js"},
		{"a file that a hook may make", `{"scripts":{"prestart":"node server.js","start":"node dist/index.js"}}`, nil, ""},
		{"a file that a command before may make", `{"scripts":{"start":"echo hi && node dist/index.js"}}`, nil, ""},
		{"a file that another stands in for", `{"scripts":{"start":"node dist/index.js || node server.js"}}`, nil, ""},
		{"a file that a variable names", `{"scripts":{"start":"node $MAIN"}}`, nil, ""},
		{"a file of another folder", `{"scripts":{"start":"cd dist && node index.js"}}`, nil, ""},
		{"a file outside", `{"scripts":{"start":"node /opt/agent.js"}}`, nil, ""},
		{"a file to execute", `{"scripts":{"start":"./bin/run.sh --port 1"}}`, nil, ""},
		{"a file that nobody may execute", `{"scripts":{"start":"./run.sh"}}`, nil, "[start-file-not-executable] the script start starts ./run.sh, which nobody may execute: its mode is 644. To fix it: run `git update-index --chmod=+x run.sh` and commit it, or start it with its interpreter, such as sh run.sh."},
		{"such a file behind exec", `{"scripts":{"start":"NODE_ENV=production exec ./run.sh"}}`, nil, "[start-file-not-executable]"},
		{"a file that a command before makes executable", `{"scripts":{"start":"chmod +x run.sh && ./run.sh"}}`, nil, ""},
		{"a file that its interpreter runs", `{"scripts":{"start":"sh ./run.sh"}}`, nil, ""},
		{"a file to execute that nothing made", `{"scripts":{"start":"./dist/run.sh"}}`, nil, "[start-file-missing] the script start starts ./dist/run.sh"},
		{"a file to execute without its end", `{"scripts":{"start":"./server"}}`, nil, "[start-file-missing] the script start starts ./server"},
		{"a program outside", `{"scripts":{"start":"/usr/local/bin/run"}}`, nil, ""},
		{"no file", `{"scripts":{"start":"node -e 1"}}`, nil, ""},
		{"another run time", `{"scripts":{"start":"deno run server.ts"}}`, nil, "[start-program-unknown] the script start calls deno, which no package of the app brings: it starts only where the run image has that program"},
		{"another package manager", `{"scripts":{"start":"A=1 yarn serve"}}`, []string{}, "[start-program-unknown] the script start calls yarn"},
		{"what a wrapper of the run image starts", `{"scripts":{"start":"tini -- python3 app.py"}}`, []string{}, "[start-program-unknown] the script start calls python3"},
		{"a wrapper that nobody brings", `{"scripts":{"start":"tini -- node server.js"}}`, []string{}, "[start-program-unknown] the script start calls tini"},
		{"a program of a package", `{"scripts":{"start":"pm2-runtime server.js"},"dependencies":{"pm2":"6"}}`, []string{".bin/pm2-runtime"}, ""},
		{"a program of the shell's", `{"scripts":{"start":"exec node server.js"}}`, []string{}, ""},
		{"dependencies that somebody else installs", `{"scripts":{"start":"pm2-runtime server.js"},"dependencies":{"pm2":"6"}}`, nil, ""},
		{"a module that nobody brings", `{"scripts":{"start":"node -r dotenv/config server.js"}}`, []string{}, "[start-module-unknown] the script start loads dotenv/config, which no package of the app brings. To fix it: put dotenv under dependencies"},
		{"a module that is there", `{"scripts":{"start":"node -r dotenv/config server.js"},"dependencies":{"dotenv":"1"}}`, []string{"dotenv/package.json"}, ""},
		{"a module of node's", `{"scripts":{"start":"node --import node:test server.js"}}`, []string{}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			app, layers, buildpack := t.TempDir(), t.TempDir(), t.TempDir()
			write(t, filepath.Join(app, "package.json"), row.packageJSON)
			write(t, filepath.Join(app, "server.js"), "")
			write(t, filepath.Join(app, "run.sh"), "#!/bin/sh\n")
			write(t, filepath.Join(app, "bin/run.sh"), "#!/bin/sh\n")
			if err := os.Chmod(filepath.Join(app, "bin/run.sh"), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(buildpack, "bin", "linux-arm64", "supervisor"), "")
			if row.modules != nil {
				modules := filepath.Join(layers, "armature_npm-install", "launch-modules", "node_modules")
				for _, file := range append([]string{".package-lock.json"}, row.modules...) {
					write(t, filepath.Join(modules, file), `{}`)
				}
				if err := os.Symlink(modules, filepath.Join(app, "node_modules")); err != nil {
					t.Fatal(err)
				}
			}
			env := map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64"}
			var log bytes.Buffer
			if _, err := npmstart.Build(environOf(env), scribe.NewEmitter(&log))(packit.BuildContext{
				WorkingDir: app, CNBPath: buildpack, Layers: packit.Layers{Path: filepath.Join(layers, "armature_npm-start")},
			}); err != nil {
				t.Fatal(err)
			}
			want := 0
			if row.says != "" {
				want = 1
			}
			if said := log.String(); strings.Count(said, "WARNING") != want || !strings.Contains(said, row.says) {
				t.Errorf("got\n%s\nwant %q", said, row.says)
			}
			env["BP_NODE_START_CHECK"] = "off"
			log.Reset()
			if _, err := npmstart.Build(environOf(env), scribe.NewEmitter(&log))(packit.BuildContext{
				WorkingDir: app, CNBPath: buildpack, Layers: packit.Layers{Path: filepath.Join(layers, "armature_npm-start")},
			}); err != nil || strings.Contains(log.String(), "WARNING") {
				t.Errorf("with the check off: got %v\n%s", err, log.String())
			}
		})
	}
}
