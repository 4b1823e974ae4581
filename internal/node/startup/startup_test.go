package startup_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// files are the files of a project: texts by path.
type files map[string]string

func write(t *testing.T, dir string, all files) {
	t.Helper()
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// summary is an answer in one line.
func summary(app startup.App) string {
	switch app.Kind {
	case startup.Static:
		text := "static " + strings.Join(app.Site.Roots, " ")
		if app.Site.Fallback != "" {
			text += " fallback " + app.Site.Fallback
		}
		return text
	case startup.Server:
		var all []string
		for _, p := range app.Processes {
			one := p.Type + ": "
			for _, part := range []string{p.Pre, p.Command, p.Post} {
				if part != "" {
					one += part + " && "
				}
			}
			one = strings.TrimSuffix(one, " && ")
			if p.Port != "" {
				one += " [" + p.Port + "]"
			}
			all = append(all, one)
		}
		return strings.Join(all, " | ")
	}
	return "nothing"
}

func decide(t *testing.T, all files, env environ.List, change func(*startup.Project)) (startup.App, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, all)
	pkg, err := packagejson.Read(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	p := startup.Project{App: dir, Dir: dir, Package: pkg, Commands: startup.Commands(env)}
	if change != nil {
		change(&p)
	}
	return startup.Decide(p, env.Get)
}

// scripts is a package.json with scripts, and more fields.
func scripts(text string, more ...string) string {
	return fmt.Sprintf(`{"scripts":{%s}%s}`, text, strings.Join(append([]string{""}, more...), ","))
}

func TestDecide(t *testing.T) {
	const (
		express = `"dependencies":{"express":"5"}`
		vite    = `"devDependencies":{"vite":"7"}`
	)
	for _, row := range []struct {
		name  string
		files files
		env   environ.List
		want  string
	}{
		{"a start script", files{"package.json": scripts(`"start":"node a.js"`), "a.js": ""}, nil, "web: node a.js"},
		{"a start script that reads PORT", files{"package.json": scripts(`"start":"node a"`), "a.js": "listen(process.env.PORT || 3000)"}, nil, "web: node a [PORT]"},
		{"a command of the settings", files{"package.json": scripts(`"start":"node a.js"`)}, environ.List{"BP_START_COMMAND=node b.js --port $PORT"}, "web: node b.js --port $PORT [PORT]"},
		{"processes of the settings", files{"package.json": scripts(`"start":"node a.js"`)}, environ.List{"BP_START_COMMAND_worker=node w.js"}, "web: node a.js | worker: node w.js"},
		{"a Procfile", files{"package.json": "{}", "Procfile": "web: node app/web.js\nworker: node app/worker.js\n"}, nil, "web: node app/web.js | worker: node app/worker.js"},
		{"a Procfile beside a start script", files{"package.json": scripts(`"start":"node server.js"`), "Procfile": "web: node server.js --from-procfile\nworker: node worker.js"}, nil, "web: node server.js --from-procfile | worker: node worker.js"},
		{"a server that angular.json names", files{"package.json": scripts(`"build":"ng build"`, `"dependencies":{"@angular/core":"20","@angular/ssr":"20"}`), "angular.json": `{"version": 1, "projects": {"shop": {"root": ""}}}`}, nil, "web: node dist/shop/server/server.mjs [PORT]"},
		{"Storybook, which needs Vite", files{"package.json": scripts(`"build-storybook":"storybook build"`, `"devDependencies":{"vite":"7","storybook":"9"}`)}, nil, "static storybook-static"},
		{"Storybook beside an app that Vite builds", files{"package.json": scripts(`"build":"vite build","build-storybook":"storybook build"`, `"devDependencies":{"vite":"7","storybook":"9"}`)}, nil, "static dist fallback index.html"},
		{"documents beside a server that needs no build", files{"package.json": scripts(`"docs:build":"vitepress build docs"`, `"dependencies":{"waku":"1"},"devDependencies":{"vitepress":"1"}`)}, nil, "web: waku start [PORT]"},
		{"a Procfile that runs the start script", files{"package.json": scripts(`"start":"node a.js","prestart":"node p.js"`), "Procfile": "web: npm start"}, nil, "web: node p.js && node a.js"},
		{"a Procfile that runs another script", files{"package.json": scripts(`"start":"node a.js","serve":"node b.js"`), "Procfile": "web: yarn serve"}, nil, "web: node b.js"},
		{"a Procfile whose command refuses the export", files{"package.json": scripts(`"build":"next build"`, `"dependencies":{"next":"16"}`), "next.config.js": "output: 'export'", "Procfile": "web: npx next start -p $PORT\nworker: node w.js"}, nil, "static out"},
		{"a Procfile without a web process", files{"package.json": "{}", "Procfile": "worker: node w.js"}, nil, "worker: node w.js"},
		{"a setting before the Procfile", files{"package.json": "{}", "Procfile": "web: a\nworker: b"}, environ.List{"BP_START_COMMAND=c", "BP_START_COMMAND_worker=d"}, "web: c | worker: d"},
		{"a chosen script", files{"package.json": scripts(`"start":"node a.js","x":"vite"`, vite)}, environ.List{"BP_NPM_START_SCRIPT=x"}, "web: vite"},
		{"server.js", files{"package.json": scripts(`"test":"node -e 1"`), "server.js": ""}, nil, "web: node server.js"},
		{"main", files{"package.json": `{"main":"lib/app"}`, "lib/app.js": "", "index.js": ""}, nil, "web: node lib/app.js"},
		{"main that the build makes", files{"package.json": scripts(`"build":"tsc"`, `"main":"dist/index.js"`)}, nil, "web: node dist/index.js"},
		{"main that no build makes", files{"package.json": scripts(`"build":"hugo"`, `"main":"index.js"`)}, nil, "nothing"},
		{"main that the build names", files{"package.json": scripts(`"build":"esbuild a.ts --outfile=./index.js"`, `"main":"index.js"`)}, nil, "web: node index.js"},
		{"main of a page", files{"package.json": `{"main":"public/index.js"}`, "public/index.js": "", "public/index.html": ""}, nil, "static public dist build site www docs _site out"},
		{"main beside a page that it serves", files{"package.json": `{"main":"index.js",` + express + `}`, "index.js": "", "index.html": ""}, nil, "web: node index.js"},
		{"main that is missing", files{"package.json": `{"main":"dist/index.js"}`}, nil, "nothing"},
		{"index.js", files{"package.json": "{}", "index.js": ""}, nil, "web: node index.js"},
		{"a file of the settings", files{"package.json": "{}", "index.js": "", "bin/www": ""}, environ.List{"BP_LAUNCHPOINT=./bin/www"}, "web: node bin/www"},
		{"usual files of a server", files{"package.json": `{` + express + `}`, "src/app.js": ""}, nil, "web: node src/app.js [PORT]"},
		{"the same without a library for servers", files{"package.json": `{}`, "src/app.js": ""}, nil, "nothing"},
		{"a main that only exports", files{"package.json": `{` + express + `,"main":"app.js"}`, "app.js": "const app = express();\n// app.listen(1)\nmodule.exports = app", "bin/www": "require('../app').listen(1)"}, nil, "web: node bin/www [PORT]"},
		{"an app.js that only exports", files{"package.json": `{` + express + `}`, "app.js": "module.exports = express()", "src/app.js": "mongoose.connect(x)\nexport default express()", "bin/www": ""}, nil, "web: node bin/www [PORT]"},
		{"a main that exports and listens", files{"package.json": `{"main":"a.js"}`, "a.js": "module.exports = app.listen(1)"}, nil, "web: node a.js"},
		{"a main that exports what listens", files{"package.json": `{"main":"a.js"}`, "a.js": "module.exports = require('./lib')", "lib/index.js": "import './b.js'", "lib/b.ts": "app.listen(1)"}, nil, "web: node a.js"},
		{"a library", files{"package.json": `{"main":"index.js"}`, "index.js": "exports.add = (a, b) => a + b", "src/index.ts": "export const a = 1"}, nil, "nothing"},
		{"the program of a server", files{"package.json": scripts(`"start":"madrun start"`, express, `"bin":{"a":"./bin/a.mjs","b":"./bin/a.mjs"}`, `"main":"lib/a.js"`, `"devDependencies":{"madrun":"1"}`), "lib/a.js": "module.exports = 1", "bin/a.mjs": ""}, nil, "web: node bin/a.mjs"},
		{"its only file", files{"package.json": `{"dependencies":{"@tinyhttp/app":"3"},"bin":"lib/bin.js"}`, "lib/bin.js": "", "src/app.ts": "export const a = 1"}, nil, "web: node lib/bin.js"},
		{"the program of a server that is a library, too", files{"package.json": `{` + express + `,"bin":"bin/a.mjs","main":"a.js"}`, "a.js": "export const start = () => app.listen(1)", "bin/a.mjs": ""}, nil, "web: node bin/a.mjs"},
		{"the same before the build", files{"package.json": scripts(`"build":"tsc"`, express, `"bin":"dist/bin/a.js"`, `"main":"dist/index.js"`)}, nil, "web: node dist/bin/a.js"},
		{"a program that the build makes, and no main", files{"package.json": scripts(`"build":"tsc"`, express, `"bin":"lib/bin.js"`)}, nil, "web: node lib/bin.js"},
		{"a program that is main, too", files{"package.json": `{` + express + `,"bin":"./a.js","main":"a.js"}`, "a.js": "exports.app = app.listen(1)"}, nil, "web: node a.js"},
		{"a main that exports nothing beside a program", files{"package.json": `{` + express + `,"bin":"b.mjs","main":"a.js"}`, "a.js": "app.listen(1)", "b.mjs": ""}, nil, "web: node a.js"},
		{"two programs", files{"package.json": `{` + express + `,"bin":{"a":"a.mjs","b":"b.mjs"}}`, "a.mjs": "", "b.mjs": ""}, nil, "nothing"},
		{"a program without a library for servers", files{"package.json": `{"bin":"a.mjs"}`, "a.mjs": ""}, nil, "nothing"},
		{"a desktop app with a server", files{"package.json": scripts(`"start":"DISPLAY=\"${DISPLAY:=:0}\" ./node_modules/.bin/electron js/electron.js","server":"node ./serveronly"`, express, `"main":"js/electron.js"`, `"optionalDependencies":{"electron":"8"}`), "js/electron.js": `const electron = require("electron"); app.start()`, "serveronly/index.js": "app.start()"}, nil, "web: node ./serveronly"},
		{"a desktop app alone", files{"package.json": scripts(`"start":"electron ."`, `"main":"main.js"`, `"dependencies":{"electron":"38"}`), "main.js": `import { app } from 'electron/main'; app.run()`}, nil, "web: electron ."},
		{"Electron as Node.js", files{"package.json": scripts(`"start":"ELECTRON_RUN_AS_NODE=1 electron a.js","server":"node b.js"`, express), "a.js": "", "b.js": ""}, nil, "web: ELECTRON_RUN_AS_NODE=1 electron a.js"},
		{"a script for a server", files{"package.json": scripts(`"test":"x","server":"node lib/a.js"`, express), "lib/a.js": ""}, nil, "web: node lib/a.js"},
		{"a script for a server of development", files{"package.json": scripts(`"server":"nodemon lib/a.js","serve":"vite"`, express), "lib/a.js": ""}, nil, "nothing"},
		{"a script for a server beside a site", files{"package.json": scripts(`"build":"vite build","server":"node mock.js"`, express, vite), "mock.js": ""}, nil, "static dist fallback index.html"},
		{"TypeScript", files{"package.json": `{}`, "src/index.ts": ""}, nil, "web: node src/index.ts"},

		{"a file of variables that is not there", files{"package.json": scripts(`"start":"A=1 node --env-file=.env --max-old-space-size=100 src/a.js"`), "src/a.js": ""}, nil, "web: A=1 node --env-file-if-exists=.env --max-old-space-size=100 src/a.js"},
		{"two of them, as words of their own", files{"package.json": scripts(`"start":"node --env-file .env --env-file ./b.env a.js && node b.js"`), "b.env": "", "a.js": ""}, nil, "web: node --env-file-if-exists=.env --env-file ./b.env a.js && node b.js"},
		{"a file of variables that is there", files{"package.json": scripts(`"start":"node --env-file=.env a.js"`), ".env": "A=1", "a.js": ""}, nil, "web: node --env-file=.env a.js"},
		{"an argument of the app's", files{"package.json": scripts(`"start":"node a.js --env-file=.env"`), "a.js": ""}, nil, "web: node a.js --env-file=.env"},
		{"another program's option", files{"package.json": scripts(`"start":"x --env-file=.env a.js"`), "a.js": ""}, nil, "web: x --env-file=.env a.js"},
		{"cross-env of devDependencies", files{"package.json": scripts(`"start":"cross-env NODE_ENV=production A=1 node a.js"`, `"devDependencies":{"cross-env":"7"}`), "a.js": ""}, nil, "web: NODE_ENV=production A=1 node a.js"},
		{"cross-env of dependencies", files{"package.json": scripts(`"start":"cross-env A=1 node a.js"`, `"dependencies":{"cross-env":"7"}`), "a.js": ""}, nil, "web: cross-env A=1 node a.js"},
		{"env-cmd of devDependencies", files{"package.json": scripts(`"start":"env-cmd -f ./prod.env node a.js"`, `"devDependencies":{"env-cmd":"7"}`), "a.js": ""}, nil, "web: node a.js"},
		{"env-cmd and its file", files{"package.json": scripts(`"start":"env-cmd -f ./prod.env node a.js"`, `"devDependencies":{"env-cmd":"7"}`), "a.js": "", "prod.env": ""}, nil, "web: env-cmd -f ./prod.env node a.js"},
		{"dotenv of devDependencies", files{"package.json": scripts(`"start":"dotenv -e .env.local -- node a.js -e x"`, `"devDependencies":{"dotenv-cli":"7"}`), "a.js": "", ".env": ""}, nil, "web: node a.js -e x"},
		{"dotenvx of devDependencies", files{"package.json": scripts(`"start":"dotenvx run -f .env.local -- node a.js"`, `"devDependencies":{"@dotenvx/dotenvx":"1"}`), "a.js": ""}, nil, "web: node a.js"},

		{"a development server with an alternative", files{"package.json": scripts(`"start":"nest start --watch","start:prod":"node dist/main"`)}, nil, "web: node dist/main"},
		{"a development server through another script", files{"package.json": scripts(`"start":"npm run dev","dev":"cross-env A=1 nodemon app.js"`, express), "app.js": ""}, nil, "web: node app.js"},
		{"a development server through concurrently", files{"package.json": scripts(`"start":"concurrently 'node api.js' 'npm:web'","web":"vite"`), "server.js": ""}, nil, "web: node server.js"},
		{"a watcher", files{"package.json": scripts(`"start":"NODE_ENV=x nodemon --watch src ./lib/x"`, `"main":"index.js"`), "lib/x.js": "", "src/index.js": "", "index.js": ""}, nil, "web: node lib/x.js"},
		{"a program in the background", files{"package.json": scripts(`"start":"pm2 start --name api lib/x.js"`), "lib/x.js": ""}, nil, "web: node lib/x.js"},
		{"the same in the foreground", files{"package.json": scripts(`"start":"pm2 start lib/x.js --no-daemon"`), "lib/x.js": ""}, nil, "web: pm2 start lib/x.js --no-daemon"},
		{"a program in the background with a configuration", files{"package.json": scripts(`"start":"pm2 start app.config.js"`), "app.config.js": ""}, nil, "web: pm2 start app.config.js"},
		{"a watcher of another program", files{"package.json": scripts(`"start":"nodemon --exec babel-node lib/x.mts"`), "lib/x.mts": ""}, nil, "web: nodemon --exec babel-node lib/x.mts"},
		{"a development server with nothing below", files{"package.json": scripts(`"start":"vite"`)}, nil, "web: vite"},
		{"a compiler for development", files{"package.json": scripts(`"start":"nest start","start:prod":"node dist/main"`, `"devDependencies":{"@nestjs/cli":"11"}`)}, nil, "web: node dist/main"},
		{"devDependencies that are there for the build", files{"package.json": scripts(`"start":"nest start","start:prod":"node dist/main"`, `"devDependencies":{"@nestjs/cli":"11"}`)}, environ.List{"NPM_CONFIG_INCLUDE=dev", "ARMATURE_BUILD_INCLUDES_DEV=true"}, "web: node dist/main"},
		{"devDependencies that stay", files{"package.json": scripts(`"start":"nest start","start:prod":"node dist/main"`, `"devDependencies":{"@nestjs/cli":"11"}`)}, environ.List{"NPM_CONFIG_INCLUDE=dev"}, "web: nest start"},
		{"no start script, but one for production", files{"package.json": scripts(`"start:production":"node x.js"`)}, nil, "web: node x.js"},

		{"a build before the start", files{"package.json": scripts(`"build":"tsc -p .","start":"npm run build && node dist/a.js"`)}, nil, "web: node dist/a.js"},
		{"the build's own command before the start", files{"package.json": scripts(`"build":"rimraf dist && tsc -p .","start":"tsc -p . && node dist/a.js | pino"`)}, nil, "web: node dist/a.js | pino"},
		{"a build before the start, not run in the build", files{"package.json": scripts(`"build":"tsc","start":"npm run build && node a.js"`)}, environ.List{"BP_NODE_RUN_SCRIPTS=none"}, "web: npm run build && node a.js"},
		{"a build in prestart", files{"package.json": scripts(`"build":"tsc","prestart":"npm run build","start":"node a.js"`)}, nil, "web: node a.js"},
		{"a build and more in prestart", files{"package.json": scripts(`"build":"tsc","prestart":"npm run build && node migrate.js","start":"node a.js"`)}, nil, "web: node migrate.js && node a.js"},
		{"only a build", files{"package.json": scripts(`"build":"tsc","start":"npm run build"`), "server.js": ""}, nil, "web: node server.js"},
		{"a folder that the build enters, too", files{"package.json": scripts(`"build":"cd server && tsc","start":"cd server && node index.js"`)}, nil, "web: cd server && node index.js"},
		{"the build's command in another folder", files{"package.json": scripts(`"build":"cd server && tsc","start":"tsc && node index.js"`)}, nil, "web: tsc && node index.js"},
		{"a migration that the build has, too", files{"package.json": scripts(`"build":"prisma generate && npx prisma migrate deploy && next build","start":"prisma generate && npx prisma migrate deploy && next start"`)}, nil, "web: npx prisma migrate deploy && next start"},
		{"a variable that the build sets, too", files{"package.json": scripts(`"build":"export X=1 && tsc","start":"export X=1 && node a.js"`)}, nil, "web: export X=1 && node a.js"},
		{"a build of another folder", files{"package.json": scripts(`"build":"tsc","start":"npm run build --prefix client && node a.js"`)}, nil, "web: npm run build --prefix client && node a.js"},
		{"a build of another folder that is the build", files{"package.json": scripts(`"build":"npm run build --prefix client","start":"npm run build --prefix client && node a.js"`)}, nil, "web: node a.js"},
		{"another script before the start", files{"package.json": scripts(`"build":"tsc","migrate":"x","start":"npm run migrate && node a.js"`)}, nil, "web: npm run migrate && node a.js"},

		{"through yarn", files{"package.json": scripts(`"start":"yarn serve --port 1","serve":"node a.js"`)}, nil, "web: node a.js --port 1"},
		{"through pnpm, with variables", files{"package.json": scripts(`"start":"NODE_ENV=production pnpm run serve","serve":"A=1 node a.js"`)}, nil, "web: NODE_ENV=production A=1 node a.js"},
		{"through yarn, with a build", files{"package.json": scripts(`"build":"tsc","start":"yarn install && yarn build && yarn serve","serve":"node a.js"`)}, nil, "web: node a.js"},
		{"through bun, twice", files{"package.json": scripts(`"start":"bun run a","a":"bun run b","b":"node c.js && node d.js"`)}, nil, "web: node c.js && node d.js"},
		{"yarn in another folder", files{"package.json": scripts(`"start":"yarn --cwd web start"`)}, nil, "web: yarn --cwd web start"},
		{"through yarn, with an argument for the shell", files{"package.json": scripts(`"start":"node a.js"`), "Procfile": `web: yarn start -p $PORT "$X y" 'z'`}, nil, `web: node a.js -p $PORT "$X y" 'z' [PORT]`},
		{"through yarn, with variables in quotes", files{"package.json": scripts(`"start":"FOO='a b' yarn go > log","go":"node a.js"`)}, nil, "web: FOO='a b' node a.js > log"},
		{"through yarn, with a variable that the script reads", files{"package.json": scripts(`"start":"FOO=a yarn go","go":"node a.js $FOO"`)}, nil, "web: FOO=a npm run go"},
		{"through yarn after cross-env", files{"package.json": scripts(`"start":"cross-env NODE_ENV=production yarn serve --x","serve":"A=1 node a.js"`)}, nil, "web: cross-env NODE_ENV=production npm run serve -- --x"},
		{"through yarn, with hooks", files{"package.json": scripts(`"start":"yarn serve -- -p $PORT","preserve":"node p.js","serve":"node a.js"`)}, nil, "web: npm run serve -- -p $PORT [PORT]"},
		{"through yarn, with a build at the end", files{"package.json": scripts(`"build":"tsc","start":"node m.js && yarn build && yarn serve","serve":"node a.js & node b.js"`)}, nil, "web: node m.js && npm run build && npm run serve"},
		{"yarn in another folder, in one word", files{"package.json": scripts(`"start":"yarn --cwd=server start"`)}, nil, "web: yarn --cwd=server start"},
		{"yarn with an option before the script", files{"package.json": scripts(`"start":"yarn --ignore-engines serve","serve":"node a.js"`)}, nil, "web: node a.js"},
		{"an install by yarn with options", files{"package.json": scripts(`"start":"yarn --frozen-lockfile --network-timeout 100000 && node a.js"`)}, nil, "web: node a.js"},
		{"through npm", files{"package.json": scripts(`"start":"npm run serve","serve":"node a.js"`)}, nil, "web: npm run serve"},

		{"Vite", files{"package.json": scripts(`"dev":"vite","build":"vite build","preview":"vite preview"`, vite), "index.html": ""}, nil, "static dist fallback index.html"},
		{"Vite by its scripts", files{"package.json": scripts(`"dev":"vite","build":"node make.js","preview":"vite preview"`), "make.js": ""}, nil, "static dist fallback index.html"},
		{"Vite with another folder", files{"package.json": scripts(`"build":"vite build"`, vite), "vite.config.ts": "export default {\n // outDir: 'no'\n build: { outDir: './public/site' } }"}, nil, "static public/site dist fallback index.html"},
		{"Vite with another folder in the script", files{"package.json": scripts(`"build":"tsc && vite build --outDir out"`, vite)}, nil, "static out dist fallback index.html"},
		{"Vite and index.js", files{"package.json": scripts(`"build":"vite build"`, vite), "index.js": ""}, nil, "static dist fallback index.html"},
		{"Vite and a server of its own", files{"package.json": scripts(`"build":"vite build"`, vite, express), "server.js": ""}, nil, "web: node server.js"},
		{"Vite and a server in a folder", files{"package.json": scripts(`"start":"vite","build":"vite build"`, vite, express), "server/index.js": ""}, nil, "web: node server/index.js"},
		{"Vite and a server that cannot run", files{"package.json": scripts(`"start":"NODE_ENV=production tsx server/index.ts","build":"vite build"`, `"devDependencies":{"vite":"7","tsx":"4"}`, express), "server/index.ts": ""}, nil, "web: NODE_ENV=production tsx server/index.ts"},
		{"Vite and a script for development without a server", files{"package.json": scripts(`"start":"tsx serve.ts","build":"vite build"`, `"devDependencies":{"vite":"7","tsx":"4"}`)}, nil, "static dist fallback index.html"},
		{"a library made with Vite", files{"package.json": scripts(`"build":"vite build"`, vite), "vite.config.js": "build: { lib: { entry: 'x' } }"}, nil, "nothing"},
		{"a start script of Vite", files{"package.json": scripts(`"start":"vite","build":"vite build"`, vite)}, nil, "static dist fallback index.html"},
		{"a preview by vite", files{"package.json": scripts(`"start":"vite preview","build":"vite build"`, vite)}, nil, "static dist fallback index.html"},
		{"a folder of the settings", files{"package.json": scripts(`"start":"node a.js"`)}, environ.List{"BP_STATIC_ROOT=./out/"}, "static out"},
		{"a site that is there", files{"package.json": "{}", "public/index.html": ""}, nil, "static public dist build site www docs _site out"},
		{"a site without package.json", files{"index.html": ""}, nil, "static . public dist build site www docs _site out"},
		{"nothing", files{"package.json": "{}", "README.md": ""}, nil, "nothing"},

		{"Next.js", files{"package.json": scripts(`"start":"next dev","build":"next build"`, `"dependencies":{"next":"15"}`)}, nil, "web: next start [PORT]"},
		{"Next.js by its script", files{"package.json": scripts(`"start":"next start","build":"next build"`, `"dependencies":{"next":"15"}`)}, nil, "web: next start [PORT]"},
		{"Next.js as files", files{"package.json": scripts(`"dev":"next dev","build":"next build"`, `"dependencies":{"next":"15"}`), "next.config.ts": "const c = {output: \"export\"}"}, nil, "static out"},
		{"Next.js as files, with a start script", files{"package.json": scripts(`"start":"NODE_ENV=production npx next start -p 3000","build":"next build"`, `"dependencies":{"next":"15"}`), "next.config.js": "module.exports = {output: 'export'}"}, nil, "static out"},
		{"Next.js as files, with a server for them", files{"package.json": scripts(`"start":"serve out","build":"next build"`, `"dependencies":{"next":"15","serve":"14"}`), "next.config.js": "module.exports = {output: 'export'}"}, nil, "web: serve out"},
		{"Next.js, standalone", files{"package.json": scripts(`"dev":"next dev","build":"next build"`, `"dependencies":{"next":"15"}`), "next.config.mjs": "export default {output: 'standalone'}"}, nil, "web: HOSTNAME=0.0.0.0 node .next/standalone/server.js [PORT]"},
		{"Nuxt", files{"package.json": scripts(`"build":"nuxt build","preview":"nuxt preview"`, `"dependencies":{"nuxt":"^4.0.0"}`)}, nil, "web: node .output/server/index.mjs [PORT]"},
		{"Nuxt as files", files{"package.json": scripts(`"build":"npm run generate","generate":"nuxt generate"`, `"dependencies":{"nuxt":"^4.0.0"}`)}, nil, "static .output/public dist fallback 200.html"},
		{"Nuxt 2", files{"package.json": scripts(`"build":"nuxt build"`, `"dependencies":{"nuxt":"^2.15.0"}`)}, nil, "web: HOST=0.0.0.0 nuxt start [PORT]"},
		{"SvelteKit", files{"package.json": scripts(`"build":"vite build"`, `"devDependencies":{"vite":"7","@sveltejs/kit":"2","@sveltejs/adapter-node":"5"}`)}, nil, "web: node build/index.js [PORT]"},
		{"SvelteKit without a choice", files{"package.json": scripts(`"build":"vite build"`, `"devDependencies":{"vite":"7","@sveltejs/kit":"2","@sveltejs/adapter-auto":"5"}`)}, nil, "web: node build/index.js [PORT]"},
		{"SvelteKit for another host", files{"package.json": scripts(`"build":"vite build"`, `"devDependencies":{"vite":"7","@sveltejs/kit":"2","@sveltejs/adapter-vercel":"5"}`)}, nil, "nothing"},
		{"SvelteKit as files", files{"package.json": scripts(`"build":"vite build"`, `"devDependencies":{"vite":"7","@sveltejs/kit":"2","@sveltejs/adapter-static":"3"}`), "svelte.config.js": "adapter({ fallback: '200.html' })"}, nil, "static build fallback 200.html"},
		{"Astro", files{"package.json": scripts(`"build":"astro build","preview":"astro preview"`, `"dependencies":{"astro":"5"}`)}, nil, "static dist"},
		{"Astro with a server", files{"package.json": scripts(`"build":"astro build"`, `"dependencies":{"astro":"5","@astrojs/node":"9"}`), "astro.config.mjs": "adapter: node({ mode: 'standalone' })"}, nil, "web: HOST=0.0.0.0 node dist/server/entry.mjs [PORT]"},
		{"NestJS", files{"package.json": scripts(`"build":"nest build","start":"nest start"`, `"dependencies":{"@nestjs/core":"11"},"devDependencies":{"@nestjs/cli":"11"}`)}, nil, "web: node dist/main.js [PORT]"},
		{"React Router", files{"package.json": scripts(`"build":"react-router build"`, `"dependencies":{"@react-router/serve":"7"},"devDependencies":{"@react-router/dev":"7"}`)}, nil, "web: react-router-serve ./build/server/index.js [PORT]"},
		{"Fastify CLI", files{"package.json": `{"dependencies":{"fastify-cli":"7","fastify":"5"}}`, "app.js": "module.exports = async function (fastify) {}"}, nil, "web: fastify start -a 0.0.0.0 app.js [PORT]"},
		{"VitePress", files{"package.json": scripts(`"docs:build":"vitepress build docs"`, `"devDependencies":{"vitepress":"1"}`)}, nil, "static .vitepress/dist docs/.vitepress/dist */.vitepress/dist"},
		{"Create React App", files{"package.json": scripts(`"start":"react-scripts start","build":"react-scripts build"`, `"dependencies":{"react-scripts":"5"}`)}, nil, "static build fallback index.html"},
		{"a server for the files of Create React App", files{"package.json": scripts(`"start":"serve -s build","build":"react-scripts build"`, `"dependencies":{"react-scripts":"5","serve":"14"}`)}, nil, "web: serve -s build"},
	} {
		t.Run(row.name, func(t *testing.T) {
			app, err := decide(t, row.files, row.env, nil)
			if got := summary(app); err != nil || got != row.want {
				t.Errorf("got %s, %v\nwant %s\npassed %q\nlooked for %q", got, err, row.want, app.Passed, app.Looked)
			}
		})
	}
}

// After the build, only files that exist count.
func TestDecideAfterTheBuild(t *testing.T) {
	for _, row := range []struct {
		name  string
		files files
		want  string
	}{
		{"another file of the same framework", files{"package.json": `{"dependencies":{"@nestjs/core":"11"}}`, "dist/src/main.js": ""}, "web: node dist/src/main.js [PORT]"},
		{"nothing made", files{"package.json": scripts(`"build":"nest build"`, `"dependencies":{"@nestjs/core":"11"}`)}, "nothing"},
		{"a folder with the project's name", files{"package.json": scripts(`"build":"ng build"`, `"dependencies":{"@angular/core":"20","@angular/ssr":"20"}`), "dist/shop/server/server.mjs": "", "dist/shop/browser/index.html": ""}, "web: node dist/shop/server/server.mjs [PORT]"},
		{"another outcome of the same framework", files{"package.json": scripts(`"build":"react-router build"`, `"dependencies":{"express":"5"},"devDependencies":{"@react-router/dev":"7"}`), "server.mjs": "", "build/client/index.html": ""}, "web: node server.mjs [PORT]"},
		{"files in place of a server", files{"package.json": scripts(`"build":"ng build"`, `"dependencies":{"@angular/core":"20","@angular/ssr":"20"}`), "dist/shop/browser/index.html": ""}, "static dist/*/browser dist/browser dist/*/*/browser dist/* dist/*/* dist fallback index.html"},
		{"main that was not made", files{"package.json": scripts(`"build":"tsc"`, `"main":"dist/index.js"`)}, "nothing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			app, err := decide(t, row.files, nil, func(p *startup.Project) { p.Built = true })
			if got := summary(app); err != nil || got != row.want {
				t.Errorf("got %s, %v, want %s\nlooked for %q", got, err, row.want, app.Looked)
			}
		})
	}
}

func TestDecideWithNodesVersion(t *testing.T) {
	for version, want := range map[string]string{"": "web: node index.ts", "22.17.9": "nothing", "22.18.0": "web: node index.ts", "23.5.0": "nothing", "23.6.0": "web: node index.ts", "24.1.0": "web: node index.ts"} {
		app, err := decide(t, files{"package.json": "{}", "index.ts": ""}, nil, func(p *startup.Project) { p.Node = version })
		if got := summary(app); err != nil || got != want {
			t.Errorf("%q: got %s, %v, want %s", version, got, err, want)
		}
	}
}

func TestDecideLeavesTheProcfileToAnother(t *testing.T) {
	app, err := decide(t, files{"package.json": "{}", "Procfile": "web: a", "server.js": ""}, nil, func(p *startup.Project) { p.IgnoreProcfile = true })
	if got := summary(app); err != nil || got != "web: node server.js" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestDecideRefuses(t *testing.T) {
	for name, env := range map[string]environ.List{
		"both kinds":       {"BP_START_COMMAND=a", "BP_STATIC_ROOT=b"},
		"a file outside":   {"BP_LAUNCHPOINT=../a.js"},
		"a folder outside": {"BP_STATIC_ROOT=../a"},
	} {
		if app, err := decide(t, files{"package.json": "{}"}, env, nil); !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) {
			t.Errorf("%s: got %s, %v", name, summary(app), err)
		}
	}
}
