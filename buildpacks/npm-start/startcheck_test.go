package npmstart_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/sclevine/spec"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/failure"
)

func testStartCheck(t *testing.T, context spec.G, it spec.S) {
	var (
		Expect = NewWithT(t).Expect

		app, layers, modules string
		env                  map[string]string
		log                  *bytes.Buffer
	)

	it.Before(func() {
		app, layers = t.TempDir(), t.TempDir()
		modules = filepath.Join(layers, "armature_npm-install", "launch-modules", "node_modules")
		env = map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64"}
		log = &bytes.Buffer{}
	})

	build := func(packageJSON string) error {
		write(t, filepath.Join(app, env["BP_NODE_PROJECT_PATH"], "package.json"), packageJSON)
		buildpack := t.TempDir()
		write(t, filepath.Join(buildpack, "bin", "linux-arm64", "supervisor"), "")
		_, err := npmstart.Build(environOf(env), scribe.NewEmitter(log))(packit.BuildContext{
			WorkingDir: app, CNBPath: buildpack, Layers: packit.Layers{Path: filepath.Join(layers, "armature_npm-start")},
		})
		return err
	}

	// install makes the launch layer with these files, and links the app to it.
	install := func(files ...string) {
		for _, file := range append([]string{".package-lock.json"}, files...) {
			write(t, filepath.Join(modules, file), `{"version":"15.5.9"}`)
		}
		Expect(os.Symlink(modules, filepath.Join(app, "node_modules"))).To(Succeed())
	}

	// dev is a package.json whose start script and others are these, and that
	// has packages for development only.
	dev := func(scripts string, packages ...string) string {
		text := `{"scripts":{` + scripts + `},"dependencies":{"express":"5"},"devDependencies":{"none":"1"`
		for _, name := range packages {
			text += `,"` + name + `":"1"`
		}
		return text + `}}`
	}

	const id = "start-script-cannot-run"

	context("when the modules of the launch are known", func() {
		it.Before(func() {
			install(".bin/express", ".bin/serve", ".bin/vite", ".bin/next", "serve/package.json", "next/package.json")
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
			{"a build before the server", `"build":"semver 1.0.0","start":"npm run build && node server.js"`, "semver", "the script start runs build, which calls semver, which the app image does not have"},
			{"a build before the server, with tools of the shell", `"build":"rm -rf dist && mkdir dist && semver 1","start":"NODE_ENV=production npm run --silent build && node server.js"`, "semver", "the script start runs build, which calls semver"},
			{"what follows a build", `"build":"echo built","start":"npm run build && ts-node a.ts"`, "ts-node", "the script start calls ts-node"},
			{"a hook", `"prestart":"semver 1","start":"node a.js"`, "semver", "the script start runs prestart, which calls semver"},
			{"a hook of what is run", `"prebuild":"semver 1","build":"true","start":"npm run build && node a.js"`, "semver", "the script start runs build, which runs prebuild, which calls semver"},
			{"another script", `"start":"npm run serve","serve":"npm run really","really":"semver 1"`, "semver", "the script start runs serve, which runs really, which calls semver"},
			{"a script that there is not", `"start":"npm run build && node a.js"`, "x", "the script start runs build, which is not in package.json"},
			{"a wrapper", `"start":"cross-env A=1 node a.js"`, "cross-env", "calls cross-env"},
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
			{"after a failure", `"start":"semver 1 || ts-node a.ts"`, `semver":"1","ts-node`, "calls ts-node"},
		} {
			it("is an error for "+row.name, func() {
				err := build(dev(row.scripts, row.pkg))
				Expect(err).To(MatchError(&failure.Failure{ID: id}))
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
			it("is none for "+row.name, func() { Expect(build(dev(row.scripts, row.pkg))).To(Succeed()) })
		}

		it("does not warn of a development dependency that another package brings", func() {
			Expect(build(dev(`"start":"serve dist"`, "serve"))).To(Succeed())
			Expect(log.String()).NotTo(ContainSubstring("WARNING"))
		})

		it("is none for a program of another buildpack", func() {
			write(t, filepath.Join(layers, "some_other", "tools", "bin", "semver"), "")
			Expect(build(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
		})

		it("names the script that starts what the build makes", func() {
			err := build(dev(`"start":"nest start","start:prod":"node dist/main"`, "@nestjs/cli"))
			Expect(err).To(MatchError(ContainSubstring("To fix it: set BP_NPM_START_SCRIPT=start:prod, if that starts what the build makes, or put @nestjs/cli under dependencies. BP_NODE_START_CHECK=warn")))
			env["BP_NPM_START_SCRIPT"] = "start:prod"
			Expect(build(dev(`"start":"nest start","start:prod":"node dist/main"`, "@nestjs/cli"))).To(Succeed())
		})

		it("names none that cannot run either", func() {
			err := build(dev(`"start":"ng serve","start:prod":"npm run build && node a.js","build":"semver 1","serve":"ng serve","preview":"npx vite preview"`, "@angular/cli", "semver"))
			Expect(err).To(MatchError(ContainSubstring("set BP_NPM_START_SCRIPT=preview,")))
		})

		it("says that the build has run already", func() {
			err := build(dev(`"build":"semver 1","start":"npm run build && node server.js"`, "semver"))
			Expect(err).To(MatchError(ContainSubstring("take `npm run build` out of the script start: it has run when the image is made, or put semver under dependencies")))
		})

		it("says so of a tool that the script build calls", func() {
			err := build(dev(`"build":"tsc -b","start":"tsc && node dist/a.js"`, "typescript"))
			Expect(err).To(MatchError(ContainSubstring("To fix it: take tsc out of the script start, and start what the script build makes, or put typescript under dependencies.")))
		})

		it("is none where a buildpack makes the process web of a Procfile", func() {
			write(t, filepath.Join(layers, "group.toml"), "[[group]]\nid = \"paketo-buildpacks/procfile\"\n")
			write(t, filepath.Join(app, "Procfile"), "worker: node b.js\n")
			Expect(build(dev(`"start":"nest start"`, "@nestjs/cli"))).To(MatchError(&failure.Failure{ID: id}))
			write(t, filepath.Join(app, "Procfile"), "web: node dist/main.js\n")
			Expect(build(dev(`"start":"nest start"`, "@nestjs/cli"))).To(Succeed())
		})

		it("is none for a program whose file is made later", func() {
			Expect(os.Symlink("../tool/dist/cli.js", filepath.Join(modules, ".bin", "my-tool"))).To(Succeed())
			Expect(build(dev(`"start":"my-tool"`, "my-tool"))).To(Succeed())
		})

		it("warns when that is wanted", func() {
			env["BP_NODE_START_CHECK"] = "warn"
			Expect(build(dev(`"start":"nest start"`, "@nestjs/cli"))).To(Succeed())
			Expect(log.String()).To(ContainSubstring("WARNING: [" + id + "] the script start calls nest"))
			Expect(log.String()).NotTo(ContainSubstring("BP_NODE_START_CHECK"))
		})

		it("does not look when that is wanted", func() {
			env["BP_NODE_START_CHECK"] = "off"
			Expect(build(dev(`"start":"nest start"`, "@nestjs/cli"))).To(Succeed())
			Expect(log.String()).NotTo(ContainSubstring("WARNING"))
		})

		it("is an error when the setting cannot be read", func() {
			env["BP_NODE_START_CHECK"] = "yes"
			Expect(build(dev(`"start":"node a.js"`))).To(MatchError(&failure.Failure{ID: "setting-invalid"}))
		})
	})

	context("when Next.js reads its configuration with typescript", func() {
		next := dev(`"start":"next start -p $PORT"`, "typescript")
		it.Before(func() { write(t, filepath.Join(app, "next.config.ts"), "") })

		it("is an error without it", func() {
			install(".bin/next", "next/package.json")
			err := build(next)
			Expect(err).To(MatchError(&failure.Failure{ID: id}))
			Expect(err).To(MatchError(ContainSubstring("Next.js 15.5.9 reads next.config.ts with typescript whenever it starts")))
			Expect(err).To(MatchError(ContainSubstring("To fix it: take Next.js 16, or write next.config.js, or put typescript under dependencies.")))
		})

		it("is none where it is there", func() {
			install(".bin/next", "next/package.json", "typescript/package.json")
			Expect(build(next)).To(Succeed())
		})

		it("is none where there is another configuration, which goes before", func() {
			install(".bin/next", "next/package.json")
			write(t, filepath.Join(app, "next.config.mjs"), "")
			Expect(build(next)).To(Succeed())
		})

		it("is none for Next.js 16", func() {
			install(".bin/next")
			write(t, filepath.Join(modules, "next", "package.json"), `{"version":"16.0.0"}`)
			Expect(build(next)).To(Succeed())
		})
	})

	context("when the layer of modules is reused, without its content", func() {
		const locked = `{"lockfileVersion":3,"packages":{"":{},
			"node_modules/serve":{"version":"1.0.0","bin":{"serve":"a.js"}},
			"node_modules/semver":{"version":"1.0.0","dev":true,"bin":{"semver":"a.js"}},
			"node_modules/deep":{"version":"1.0.0","dev":true,"bin":{"deeper":"a.js"}},
			"node_modules/x/node_modules/semver":{"version":"1.0.0","bin":{"semver":"a.js"}},
			"node_modules/tool":{"resolved":"packages/tool","link":true},"packages/tool":{"version":"1.0.0","bin":{"my-tool":"a.js"}},
			"node_modules/next":{"version":"15.1.0","bin":{"next":"a.js"}}}}`
		it.Before(func() {
			write(t, filepath.Join(app, "package-lock.json"), locked)
			Expect(os.Symlink(modules, filepath.Join(app, "node_modules"))).To(Succeed())
		})

		it("goes by the lockfile", func() {
			Expect(build(dev(`"start":"semver 1"`, "semver"))).To(MatchError(&failure.Failure{ID: id}))
			Expect(build(dev(`"start":"npx semver 1"`, "semver"))).To(MatchError(&failure.Failure{ID: id}))
			Expect(build(dev(`"start":"serve dist"`, "serve"))).To(Succeed())
			Expect(build(dev(`"start":"my-tool"`, "tool"))).To(Succeed())
			Expect(log.String()).NotTo(ContainSubstring("WARNING"))
		})

		it("knows what a development dependency brings", func() {
			Expect(build(dev(`"start":"deeper"`))).To(MatchError(ContainSubstring("only devDependencies bring its package deep")))
		})

		it("knows the version of Next.js", func() {
			write(t, filepath.Join(app, "next.config.ts"), "")
			Expect(build(dev(`"start":"next start"`, "typescript"))).To(MatchError(ContainSubstring("Next.js 15.1.0")))
		})

		it("does not know where npm keeps development dependencies", func() {
			env["NPM_CONFIG_INCLUDE"] = "dev"
			Expect(build(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
			delete(env, "NPM_CONFIG_INCLUDE")
			write(t, filepath.Join(app, ".npmrc"), "registry=x\ninclude = dev\n")
			Expect(build(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
		})

		it("does not wait for the other end of a pipe", func() {
			Expect(syscall.Mkfifo(filepath.Join(app, ".npmrc"), 0o644)).To(Succeed())
			Expect(build(dev(`"start":"deeper"`))).To(MatchError(ContainSubstring("only devDependencies bring its package deep")))
		})

		it("does not know by a lockfile of version 1", func() {
			write(t, filepath.Join(app, "package-lock.json"), strings.Replace(locked, `"lockfileVersion":3`, `"lockfileVersion":1`, 1))
			Expect(build(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
			Expect(log.String()).To(ContainSubstring("[start-needs-dev-dependency]"))
		})
	})

	context("when the project is a workspace", func() {
		it.Before(func() {
			write(t, filepath.Join(app, "package.json"), `{"workspaces":["packages/*"]}`)
			env["BP_NODE_PROJECT_PATH"] = "packages/a"
		})

		it("finds the programs of the root's modules", func() {
			install(".bin/semver")
			Expect(build(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
		})

		it("finds those of its own", func() {
			install()
			own := filepath.Join(layers, "armature_npm-install", "launch-modules", "packages", "a", "node_modules")
			write(t, filepath.Join(own, ".bin", "semver"), "")
			Expect(os.MkdirAll(filepath.Join(app, "packages", "a"), 0o755)).To(Succeed())
			Expect(os.Symlink(own, filepath.Join(app, "packages", "a", "node_modules"))).To(Succeed())
			Expect(build(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
		})

		it("is an error without either", func() {
			install()
			Expect(build(dev(`"start":"semver 1"`, "semver"))).To(MatchError(&failure.Failure{ID: id}))
		})
	})

	context("when it is not known what modules there will be", func() {
		it("warns of a development dependency, whoever provides the modules", func() {
			write(t, filepath.Join(app, "node_modules", ".bin", "x"), "")
			Expect(build(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
			Expect(log.String()).To(ContainSubstring("WARNING: [start-needs-dev-dependency] the script start calls semver"))
		})

		it("takes modules of another layer for no proof", func() {
			other := filepath.Join(layers, "some_yarn-install", "modules", "node_modules")
			Expect(os.MkdirAll(other, 0o755)).To(Succeed())
			Expect(os.Symlink(other, filepath.Join(app, "node_modules"))).To(Succeed())
			Expect(build(dev(`"start":"semver 1"`, "semver"))).To(Succeed())
		})
	})
}
