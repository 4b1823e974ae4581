package startup_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

func TestForEnvironment(t *testing.T) {
	const next = `"dependencies":{"next":"16"}`
	for _, row := range []struct {
		name        string
		environment execenv.Environment
		files       files
		env         environ.List
		want        string // or the failure's id, and a part of it
	}{
		{"the script test", execenv.Test, files{"package.json": scripts(`"start":"node a.js","test":"node --test","pretest":"eslint ."`)}, nil, "test: eslint . && node --test"},
		{"tests of a library", execenv.Test, files{"package.json": scripts(`"test":"jest"`)}, nil, "test: jest"},
		{"tests without what the build has done", execenv.Test, files{"package.json": scripts(`"build":"tsc","test":"npm run build && node --test dist"`)}, nil, "test: node --test dist"},
		{"tests that build where nothing is built", execenv.Test, files{"package.json": scripts(`"build":"tsc","test":"npm run build && node --test dist"`)}, environ.List{"BP_NODE_RUN_SCRIPTS=none"}, "test: npm run build && node --test dist"},
		{"tests that another manager starts", execenv.Test, files{"package.json": scripts(`"test":"pnpm unit","unit":"vitest run"`)}, nil, "test: vitest run"},
		{"a command for tests", execenv.Test, files{"package.json": "{}"}, environ.List{"BP_START_COMMAND_test=node --test a.js"}, "test: node --test a.js"},
		{"no tests", execenv.Test, files{"package.json": scripts(`"start":"node a.js"`)}, nil, "test-script-missing: Its scripts: start"},
		{"npm's default", execenv.Test, files{"package.json": scripts(`"test":"echo \"Error: no test specified\" && exit 1"`)}, nil, "test-script-missing: is npm's default"},

		{"the script dev", execenv.Development, files{"package.json": scripts(`"start":"node a.js","dev":"vite --host"`)}, nil, "development: vite --host"},
		{"a script with hooks, which builds", execenv.Development, files{"package.json": scripts(`"build":"tsc","predev":"npm run build","start:dev":"tsc -w","dev":"npm run build && node --watch a.js"`)}, nil, "development: npm run build && npm run build && node --watch a.js"},
		{"start:dev of NestJS", execenv.Development, files{"package.json": scripts(`"start":"nest start","start:dev":"nest start --watch"`, `"dependencies":{"@nestjs/core":"11"}`)}, nil, "development: nest start --watch"},
		{"a start that is for development", execenv.Development, files{"package.json": scripts(`"start":"react-scripts start"`, `"dependencies":{"react-scripts":"5"}`)}, nil, "development: react-scripts start"},
		{"serve of Vue CLI", execenv.Development, files{"package.json": scripts(`"serve":"vue-cli-service serve"`)}, nil, "development: vue-cli-service serve"},
		{"a framework without scripts", execenv.Development, files{"package.json": scripts(`"start":"next start"`, next)}, nil, "development: next dev [PORT]"},
		{"a plain server", execenv.Development, files{"package.json": scripts(`"start":"NODE_ENV=x node server.js --a"`), "server.js": "listen(process.env.PORT)"}, nil, "development: NODE_ENV=x node --watch server.js --a [PORT]"},
		{"a server without a script", execenv.Development, files{"package.json": `{"main":"index.js"}`, "index.js": ""}, nil, "development: node --watch index.js"},
		{"a server that watches already", execenv.Development, files{"package.json": scripts(`"start":"node --watch-path=. server.js"`), "server.js": ""}, nil, "development: node --watch-path=. server.js"},
		{"a command for development", execenv.Development, files{"package.json": "{}"}, environ.List{"BP_START_COMMAND_development=nodemon a.js"}, "development: nodemon a.js"},
		{"a server that has to be built", execenv.Development, files{"package.json": scripts(`"build":"tsc","start":"node dist/a.js"`)}, nil, "development-script-missing: dist/a.js, which node runs in production, does not exist before the build"},
		{"a library", execenv.Development, files{"package.json": scripts(`"test":"jest"`)}, nil, "development-script-missing: nothing that node runs"},
	} {
		dir := t.TempDir()
		write(t, dir, row.files)
		pkg, err := packagejson.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		p, err := startup.ForEnvironment(startup.Project{App: dir, Dir: dir, Package: pkg, Commands: startup.Commands(row.env)}, row.environment, row.env.Get)
		if id, text, fails := strings.Cut(row.want, "-missing: "); fails {
			if !errors.Is(err, &failure.Failure{ID: id + "-missing"}) || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: got %v, want %s", row.name, err, row.want)
			}
			continue
		}
		if got := summary(startup.App{Kind: startup.Server, Processes: []startup.Process{p}}); err != nil || got != row.want || p.Dir != dir || p.Evidence == "" {
			t.Errorf("%s: got %s (%s in %s), %v, want %s", row.name, got, p.Evidence, p.Dir, err, row.want)
		}
	}
}
