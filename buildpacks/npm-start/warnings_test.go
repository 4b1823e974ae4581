package npmstart_test

import (
	"bytes"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/sclevine/spec"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
)

func testWarnings(t *testing.T, context spec.G, it spec.S) {
	var (
		Expect = NewWithT(t).Expect

		app, layers string
		env         map[string]string
	)

	it.Before(func() {
		app, layers = t.TempDir(), t.TempDir()
		env = map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64"}
	})

	// log returns a build's log.
	log := func(packageJSON string, environ ...string) string {
		write(t, filepath.Join(app, env["BP_NODE_PROJECT_PATH"], "package.json"), packageJSON)
		buildpack := t.TempDir()
		write(t, filepath.Join(buildpack, "bin", "linux-arm64", "supervisor"), "")
		var log bytes.Buffer
		_, err := npmstart.Build(environOf(env, environ...), scribe.NewEmitter(&log).WithLevel(env["BP_LOG_LEVEL"]))(packit.BuildContext{
			WorkingDir: app, CNBPath: buildpack, Layers: packit.Layers{Path: filepath.Join(layers, "armature_npm-start")},
		})
		Expect(err).NotTo(HaveOccurred())
		return log.String()
	}

	context("when start is a development server", func() {
		for _, script := range []string{
			"vite", "vite --host", "vite dev", "npx vite --port 3000", "vite src", "webpack serve --open", "webpack-dev-server --hot", "ng serve",
			"react-scripts start", "craco start", "vue-cli-service serve", "next dev -p 3000", "nuxt dev", "astro dev", "gatsby develop", "parcel src/index.html",
			"nodemon server.js", "tsx watch src/main.ts", "NODE_ENV=x cross-env A=b webpack serve", "npm run css && vite", "node_modules/.bin/vite", "nest start --watch",
		} {
			it("warns and says what to do: "+script, func() {
				said := log(`{"scripts":{"start":"` + script + `"}}`)
				Expect(said).To(ContainSubstring("WARNING: [start-is-dev-server] the script start starts the development server of "))
				Expect(said).To(ContainSubstring("To fix it: let the build script make the app"))
				Expect(said).To(ContainSubstring("BP_NPM_START_SCRIPT"))
			})
		}

		for _, script := range []string{
			"node server.js", "vite preview", "vite preview --port 3000", "next start", "nuxt start", "webpack --mode production && node dist/a.js", "ng build",
			"react-scripts build", "parcel build", "serve -s build", "node vite.js", "tsx src/main.ts", "nest start", "http-server dist", "remix-serve build", "node build/vite",
		} {
			it("does not warn of what is none: "+script, func() {
				Expect(log(`{"scripts":{"start":"`+script+`"}}`, "BP_NODE_START_CHECK=warn")).NotTo(ContainSubstring("[start-is-dev-server]"))
			})
		}

		it("takes a script that starts the app in production", func() {
			write(t, filepath.Join(app, "dist", "main.js"), "")
			said := log(`{"scripts":{"start":"ng serve","start:prod":"node dist/main.js"}}`)
			Expect(said).To(ContainSubstring("Passing over: the script start starts the development server of ng"))
			Expect(said).NotTo(ContainSubstring("WARNING"))
		})

		it("names a script that looks like the right one", func() {
			Expect(log(`{"scripts":{"start":"ng serve","production":"node dist/main.js"}}`)).To(ContainSubstring("set BP_NPM_START_SCRIPT=production"))
		})

		it("does not name another development server", func() {
			Expect(log(`{"scripts":{"start":"ng serve","serve":"ng serve --open"}}`)).NotTo(ContainSubstring("BP_NPM_START_SCRIPT=serve"))
		})

		it("does not warn when another script is chosen", func() {
			env["BP_NPM_START_SCRIPT"] = "start:prod"
			write(t, filepath.Join(app, "dist", "main.js"), "")
			Expect(log(`{"scripts":{"start":"ng serve","start:prod":"node dist/main.js"}}`)).NotTo(ContainSubstring("WARNING"))
		})
	})

	context("when a development dependency starts the app", func() {
		it("warns that the image will not have it", func() {
			said := log(`{"scripts":{"start":"ts-node main.ts"},"devDependencies":{"ts-node":"1"}}`)
			Expect(said).To(ContainSubstring("WARNING: [start-needs-dev-dependency] the script start calls ts-node"))
			Expect(said).To(ContainSubstring("ts-node is under devDependencies"))
		})

		it("knows packages whose programs are called otherwise", func() {
			Expect(log(`{"scripts":{"start":"nest start"},"devDependencies":{"@nestjs/cli":"1"}}`)).To(ContainSubstring("@nestjs/cli is under devDependencies"))
		})

		it("warns of hooks, too", func() {
			Expect(log(`{"scripts":{"start":"node a.js","prestart":"tsc"},"devDependencies":{"typescript":"1"}}`)).To(ContainSubstring("the script prestart calls tsc"))
		})

		it("does not when it is a dependency as well", func() {
			Expect(log(`{"scripts":{"start":"serve dist"},"devDependencies":{"serve":"1"},"dependencies":{"serve":"1"}}`)).NotTo(ContainSubstring("WARNING"))
		})
	})

	context("with BP_LOG_LEVEL=DEBUG", func() {
		it("says what is in the environment of the launch", func() {
			env["BP_LOG_LEVEL"] = "DEBUG"
			said := log(`{"version":"1.2.3","scripts":{"start":"node a.js"}}`, "BPE_TOKEN=s3cret")
			Expect(said).To(ContainSubstring("Environment of the launch:"))
			Expect(said).To(ContainSubstring(`npm_package_version.default: "1.2.3"`))
			Expect(said).To(ContainSubstring("TOKEN.override: (as BPE_… says)"))
			Expect(said).NotTo(ContainSubstring("s3cret"))
		})

		it("says it then only", func() {
			Expect(log(`{"version":"1.2.3","scripts":{"start":"node a.js"}}`)).NotTo(ContainSubstring("Environment of the launch"))
		})
	})

	context("when npm starts a workspace", func() {
		it.Before(func() {
			write(t, filepath.Join(app, "packages", "api", "package.json"), `{"name":"@my/api","scripts":{"start":"node ."}}`)
		})

		for _, script := range []string{"npm start -w @my/api", "npm run start --workspace=packages/api", "npm --workspace ./packages/api start"} {
			it("warns and names the project path: "+script, func() {
				said := log(`{"workspaces":["packages/*"],"scripts":{"start":"` + script + `"}}`)
				Expect(said).To(ContainSubstring("WARNING: [start-through-npm]"))
				Expect(said).To(ContainSubstring("set BP_NODE_PROJECT_PATH=packages/api."))
			})
		}

		it("counts the path from the app's folder", func() {
			env["BP_NODE_PROJECT_PATH"] = "js"
			write(t, filepath.Join(app, "js", "packages", "api", "package.json"), `{"name":"@my/api","scripts":{"start":"node ."}}`)
			Expect(log(`{"workspaces":["packages/*"],"scripts":{"start":"npm start -w @my/api"}}`)).To(ContainSubstring("set BP_NODE_PROJECT_PATH=js/packages/api."))
		})
	})
}
