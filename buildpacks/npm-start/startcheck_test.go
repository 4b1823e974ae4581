package npmstart_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/failure"
)

const cannotRun = "start-script-cannot-run"

// check builds with a package.json.
func (f *fixture) check(packageJSON string) error {
	f.t.Helper()
	f.packageJSON(packageJSON)
	_, err := f.build()
	return err
}

// install makes the launch layer with these files, and links the app to it.
func (f *fixture) install(files ...string) {
	f.t.Helper()
	for _, file := range append([]string{".package-lock.json"}, files...) {
		write(f.t, filepath.Join(f.modules, file), `{"version":"15.5.9"}`)
	}
	f.Expect(os.Symlink(f.modules, filepath.Join(f.app, "node_modules"))).To(Succeed())
}

// dev is a package.json whose start script and others are these, and that
// has packages for development only.
func dev(scripts string, packages ...string) string {
	text := `{"scripts":{` + scripts + `},"dependencies":{"express":"5"},"devDependencies":{"none":"1"`
	for _, name := range packages {
		text += `,"` + name + `":"1"`
	}
	return text + `}}`
}

func testStartCheck(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("when the modules of the launch are known", func() {
		it.Before(func() {
			f.install(".bin/express", ".bin/serve", ".bin/vite", ".bin/next", "serve/package.json", "next/package.json")
		})

		for _, row := range []struct{ name, scripts, pkg, cause string }{
			{"a development dependency", `"start":"ts-node main.ts"`, "ts-node", "the script start calls ts-node, which the app image does not have: ts-node is under devDependencies"},
			{"by its path", `"start":"./node_modules/.bin/ts-node main.ts"`, "ts-node", "the script start calls ts-node"},
			{"by its path, with node", `"start":"node node_modules/.bin/ts-node main.ts"`, "ts-node", "the script start calls ts-node"},
			{"by its file", `"start":"node --no-warnings ./node_modules/ts-node/dist/bin.js main.ts"`, "ts-node", ""},
			{"a program that is called otherwise than its package", `"start":"nest start"`, "@nestjs/cli", "calls nest, which the app image does not have: @nestjs/cli is under devDependencies"},
			{"a development server", `"start":"webpack serve --open"`, "webpack", "calls webpack"},
			{"a development server that is no dependency at all", `"start":"ng serve"`, "x", "calls ng, which the app image does not have: @angular/cli is not under dependencies"},
			{"nodemon", `"start":"nodemon server.js"`, "nodemon", "calls nodemon"},
			{"what follows a build", `"build":"echo built","start":"npm run build && ts-node a.ts"`, "ts-node", "the script start calls ts-node"},
			{"a hook", `"prestart":"semver 1","start":"node a.js"`, "semver", "the script start runs prestart, which calls semver"},
			{"a script before the server", `"gen":"semver 1.0.0","start":"npm run gen && node server.js"`, "semver", "the script start runs gen, which calls semver, which the app image does not have"},
			{"a hook of what is run", `"pregen":"semver 1","gen":"true","start":"npm run gen && node a.js"`, "semver", "the script start runs gen, which runs pregen, which calls semver"},
			{"another script", `"start":"npm run serve","serve":"npm run really","really":"semver 1"`, "semver", "the script start runs serve, which runs really, which calls semver"},
			{"a script that there is not", `"start":"npm run build && node a.js"`, "x", "the script start runs build, which is not in package.json"},
			{"a wrapper of another script", `"start":"npm run x","x":"cross-env A=1 node a.js"`, "cross-env", "the script start runs x, which calls cross-env"},
			{"what a wrapper starts", `"start":"env A=1 semver 1"`, "semver", "calls semver"},
			{"what dotenv starts", `"start":"dotenv -e .env -- semver 1"`, "semver", "calls semver"},
			{"what a shell starts", `"start":"sh -c 'semver 1 && node a.js'"`, "semver", "calls semver"},
			{"scripts one after the other", `"start":"run-s build serve","build":"semver 1","serve":"node a.js"`, "semver", "the script start runs build, which calls semver"},
			{"the same with labels", `"start":"run-s -l build serve","build":"semver 1","serve":"node a.js"`, "semver", "the script start runs build, which calls semver"},
			{"scripts of a pattern", `"start":"npm-run-all build:* serve","build:a":"true","build:b":"semver 1","serve":"node a.js"`, "semver", "the script start runs build:b, which calls semver"},
			{"scripts together", `"start":"run-p a b","a":"node a.js","b":"semver 1"`, "semver", "the script start runs b, which calls semver"},
			{"all that concurrently starts", `"start":"concurrently -n x,y \"semver 1\" \"npm:b\"","b":"semver 2"`, "semver", "calls semver"},
			{"one of them, which ends the others", `"start":"concurrently --kill-others-on-fail \"node a.js\" \"semver 2\""`, "semver", "calls semver"},
			{"a module that is loaded first", `"start":"node -r dotenv/config server.js"`, "dotenv", "the script start loads dotenv/config, which the app image does not have: dotenv is under devDependencies"},
			{"a loader", `"start":"node --import=tsx server.ts"`, "tsx", "loads tsx"},
			{"a module with a scope", `"start":"node --require @swc-node/register server.ts"`, "@swc-node/register", "loads @swc-node/register"},
			{"npx", `"start":"npx http-server dist"`, "x", "calls npx http-server, which the app image does not have: npx would fetch it"},
			{"npx before the server", `"start":"npx prisma migrate deploy && node a.js"`, "prisma", "calls npx prisma"},
			{"npm exec", `"start":"npm exec http-server"`, "x", "calls npx http-server"},
			{"a script that runs itself", `"start":"npm start"`, "x", "the script start runs start, which comes to itself again, without end"},
			{"scripts that run each other", `"start":"npm run a","prea":"true","a":"node --run b","b":"npm run -s start"`, "x", "the script start runs a, which runs b, which runs start, which comes to itself again, without end"},
			{"a hook that runs what it is before", `"prestart":"npm start","start":"node a.js"`, "x", "the script start runs prestart, which runs start, which comes to itself again"},
			{"only a build", `"build":"vite build","start":"npm run build"`, "x", "the script start only builds"},
			{"a program that ends by itself", `"start":"node make.js && next build"`, "x", "the script start only runs next, which ends by itself\nTo fix it: let it start a server that stays in the foreground"},
			{"a window", `"start":"electron ."`, "x", "the script start starts electron, which needs a display"},
			{"a program in the background", `"start":"pm2 start app.config.js"`, "x", "the script start only runs pm2, which ends by itself"},
			{"after a failure", `"start":"semver 1 || ts-node a.ts"`, `semver":"1","ts-node`, "calls ts-node"},
		} {
			it("is an error for "+row.name, func() {
				err := f.check(dev(row.scripts, row.pkg))
				Expect(err).To(MatchError(&failure.Failure{ID: cannotRun}))
				Expect(err).To(MatchError(ContainSubstring(row.cause)))
				Expect(err).To(MatchError(ContainSubstring("BP_NODE_START_CHECK=warn")))
			})
		}

		for _, row := range []struct{ name, scripts, pkg string }{
			{"node", `"start":"node server.js"`, "x"},
			{"a program that another package brings", `"start":"serve -s build"`, "serve"},
			{"a development server that is there", `"start":"vite preview"`, "vite"},
			{"a program that nothing says anything of", `"start":"gunicorn app"`, "x"},
			{"a program of a system, of a package too", `"start":"which node && node a.js"`, "which"},
			{"a file of the app", `"start":"./bin/start"`, "bin"},
			{"a build, which has run", `"build":"semver 1.0.0","start":"NODE_ENV=x npm run --silent build && node server.js"`, "semver"},
			{"a build whose tools are there", `"build":"vite build","start":"npm run build && node server.js"`, "x"},
			{"a build that does not matter", `"build":"semver 1","start":"npm run build; node server.js"`, "semver"},
			{"a build that may fail", `"build":"semver 1","start":"npm run build || node server.js"`, "semver"},
			{"a script that need not be there", `"start":"npm run build --if-present && node a.js"`, "x"},
			{"what follows the server", `"start":"node server.js && semver 1"`, "semver"},
			{"what is behind a server of a script", `"serve":"node server.js","start":"npm run serve && semver 1"`, "semver"},
			{"what is beside the server", `"start":"concurrently \"node a.js\" \"semver 1\""`, "semver"},
			{"what runs in the background", `"start":"semver 1 & node a.js"`, "semver"},
			{"a pipe", `"start":"node a.js | semver"`, "semver"},
			{"a condition", `"start":"if [ -f x ]; then semver 1; fi; node a.js"`, "semver"},
			{"another folder", `"start":"cd dist && semver 1"`, "semver"},
			{"another package", `"start":"npm --prefix web run build && node a.js"`, "x"},
			{"a script that goes deep, and ends", `"start":"npm run a","a":"npm run b && npm run b","b":"true"`, "x"},
			{"npx of what is there", `"start":"npx serve dist"`, "serve"},
			{"npx that may fetch", `"start":"npx --yes http-server dist"`, "x"},
			{"npx of a version", `"start":"npx http-server@14 dist"`, "x"},
			{"a module that is there", `"start":"node -r serve/x server.js"`, "serve"},
			{"a module of the app", `"start":"node -r ./semver server.js"`, "semver"},
			{"a module of node", `"start":"node --import node:test server.js"`, "test"},
			{"an argument of the server", `"start":"node server.js -r semver"`, "semver"},
			{"a variable", `"start":"$RUNNER server.js"`, "semver"},
			{"hooks behind the server", `"start":"node a.js","poststart":"semver 1"`, "semver"},
			{"a script that is not started", `"start":"node a.js","build":"semver 1"`, "semver"},
			{"Next.js without a configuration in TypeScript", `"start":"next start"`, "typescript"},
		} {
			it("is none for "+row.name, func() { Expect(f.check(dev(row.scripts, row.pkg))).To(Succeed()) })
		}

		it("does not warn of a development dependency that another package brings", func() {
			Expect(f.check(dev(`"start":"serve dist"`, "serve"))).To(Succeed())
			Expect(f.log.String()).NotTo(ContainSubstring("WARNING"))
		})

		it("is none for a program of another buildpack", func() {
			write(t, filepath.Join(f.root, "some_other", "tools", "bin", "semver"), "")
			Expect(f.check(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
		})

		it("is none where another script starts what the build makes", func() {
			write(t, filepath.Join(f.app, "dist", "main.js"), "")
			Expect(f.check(dev(`"start":"nest start","start:prod":"node dist/main"`, "@nestjs/cli"))).To(Succeed())
			Expect(f.log.String()).To(ContainSubstring("Passing over: the script start calls nest, which the app image does not have"))
			Expect(f.log.String()).To(ContainSubstring("because of package.json: the script start:prod"))
		})

		it("is one where that script has nothing to start either", func() {
			err := f.check(dev(`"start":"nest start","start:prod":"node dist/main"`, "@nestjs/cli"))
			Expect(err).To(MatchError(ContainSubstring("the script start calls nest")))
		})

		it("names another script that can run", func() {
			err := f.check(dev(`"start":"ng serve","start:prod":"npm run gen && node a.js","gen":"semver 1","serve":"ng serve","preview":"npx vite preview"`, "@angular/cli", "semver"))
			Expect(err).To(MatchError(ContainSubstring("set BP_NPM_START_SCRIPT=preview,")))
		})

		it("names the workspaces that can be started", func() {
			for _, name := range []string{"web", "api"} {
				write(t, filepath.Join(f.app, "apps", name, "package.json"), `{"scripts":{"start":"node a.js"}}`)
			}
			err := f.check(`{"workspaces":["apps/*"],"scripts":{"start":"turbo run start"},"devDependencies":{"turbo":"2"}}`)
			Expect(err).To(MatchError(&failure.Failure{ID: cannotRun}))
			Expect(err).To(MatchError(ContainSubstring("set BP_NODE_PROJECT_PATH to the folder of one of them: BP_NODE_PROJECT_PATH=apps/api, or BP_NODE_PROJECT_PATH=apps/web")))
		})

		it("sees a compiler that the file loads first", func() {
			write(t, filepath.Join(f.app, "boot.js"), "require('ts-node/register');\nrequire('./src/main');\n")
			write(t, filepath.Join(f.app, "late.js"), "if (dev)\n  require('ts-node/register');\n")
			err := f.check(dev(`"start":"node boot.js"`, "ts-node"))
			Expect(err).To(MatchError(ContainSubstring("the script start loads ts-node/register, which the app image does not have: ts-node is under devDependencies")))
			Expect(f.check(dev(`"start":"node late.js"`, "ts-node"))).To(Succeed())
			write(t, filepath.Join(f.app, "dist", "main.js"), "")
			Expect(f.check(dev(`"start":"node boot.js","start:prod":"node dist/main.js"`, "ts-node"))).To(Succeed())
			Expect(f.log.String()).To(ContainSubstring("because of package.json: the script start:prod"))
		})

		it("does not pass over a server for what is before it", func() {
			write(t, filepath.Join(f.app, "server.js"), "")
			err := f.check(dev(`"start":"semver 1 && node server.js"`, "semver"))
			Expect(err).To(MatchError(ContainSubstring("the script start calls semver")))
		})

		it("is none where a buildpack makes the process web of a Procfile", func() {
			write(t, filepath.Join(f.root, "group.toml"), "[[group]]\nid = \"paketo-buildpacks/procfile\"\n")
			write(t, filepath.Join(f.app, "Procfile"), "worker: node b.js\n")
			Expect(f.check(dev(`"start":"nest start"`, "@nestjs/cli"))).To(MatchError(&failure.Failure{ID: cannotRun}))
			write(t, filepath.Join(f.app, "Procfile"), "web: node dist/main.js\n")
			Expect(f.check(dev(`"start":"nest start"`, "@nestjs/cli"))).To(Succeed())
		})

		it("is none for a program whose file is made later", func() {
			Expect(os.Symlink("../tool/dist/cli.js", filepath.Join(f.modules, ".bin", "my-tool"))).To(Succeed())
			Expect(f.check(dev(`"start":"my-tool"`, "my-tool"))).To(Succeed())
		})

		it("warns when that is wanted", func() {
			f.env["BP_NODE_START_CHECK"] = "warn"
			Expect(f.check(dev(`"start":"nest start"`, "@nestjs/cli"))).To(Succeed())
			Expect(f.log.String()).To(ContainSubstring("WARNING: [" + cannotRun + "] the script start calls nest"))
			Expect(f.log.String()).NotTo(ContainSubstring("BP_NODE_START_CHECK"))
		})

		it("does not look when that is wanted", func() {
			f.env["BP_NODE_START_CHECK"] = "off"
			Expect(f.check(dev(`"start":"nest start"`, "@nestjs/cli"))).To(Succeed())
			Expect(f.log.String()).NotTo(ContainSubstring("WARNING"))
		})

		it("is an error when the setting cannot be read", func() {
			f.env["BP_NODE_START_CHECK"] = "yes"
			Expect(f.check(dev(`"start":"node a.js"`))).To(MatchError(&failure.Failure{ID: "setting-invalid"}))
		})
	})
}
