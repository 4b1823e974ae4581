package npmstart

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// developing says when a program serves sources to a developer rather than an app
// to its users.
type developing struct {
	pkg    string   // the program's package, if the names differ
	on     []string // the subcommands and flags that do; nil for every use
	except []string // the subcommands that do not
}

// developmentServers are the known ones, by program.
var developmentServers = map[string]developing{
	"astro":              {on: []string{"dev"}},
	"browser-sync":       {on: []string{"start"}},
	"craco":              {pkg: "@craco/craco", on: []string{"start"}},
	"docusaurus":         {pkg: "@docusaurus/core", on: []string{"start"}},
	"eleventy":           {pkg: "@11ty/eleventy", on: []string{"--serve", "--watch"}},
	"expo":               {on: []string{"start"}},
	"gatsby":             {on: []string{"develop"}},
	"live-server":        {},
	"nest":               {pkg: "@nestjs/cli", on: []string{"--watch", "-w"}},
	"next":               {on: []string{"dev"}},
	"ng":                 {pkg: "@angular/cli", on: []string{"serve", "s", "dev"}},
	"nodemon":            {},
	"nuxi":               {on: []string{"dev"}},
	"nuxt":               {on: []string{"dev"}},
	"parcel":             {except: []string{"build"}},
	"react-router":       {pkg: "@react-router/dev", on: []string{"dev"}},
	"react-scripts":      {on: []string{"start"}},
	"remix":              {pkg: "@remix-run/dev", on: []string{"dev", "watch", "vite:dev"}},
	"rsbuild":            {pkg: "@rsbuild/core", on: []string{"dev"}},
	"rspack":             {pkg: "@rspack/cli", on: []string{"serve", "dev"}},
	"snowpack":           {on: []string{"dev"}},
	"storybook":          {on: []string{"dev"}},
	"svelte-kit":         {pkg: "@sveltejs/kit", on: []string{"dev"}},
	"ts-node-dev":        {},
	"tsx":                {on: []string{"watch", "--watch"}},
	"vite":               {except: []string{"build", "preview", "optimize"}},
	"vue-cli-service":    {pkg: "@vue/cli-service", on: []string{"serve"}},
	"webpack":            {on: []string{"serve", "s", "server", "watch", "w", "--watch"}},
	"webpack-dev-server": {},
}

// serves reports whether a program does so with these arguments.
func (d developing) serves(arguments []string) bool {
	if d.on != nil {
		return slices.ContainsFunc(arguments, func(a string) bool { return slices.Contains(d.on, a) })
	}
	return !slices.ContainsFunc(arguments, func(a string) bool { return slices.Contains(d.except, a) })
}

// programPackages are the packages of other programs that start scripts call, if
// the names differ.
var programPackages = map[string]string{
	"babel": "@babel/cli", "babel-node": "@babel/node", "dotenvx": "@dotenvx/dotenvx", "sequelize": "sequelize-cli", "swc": "@swc/cli", "cross-env-shell": "cross-env", "dotenv": "dotenv-cli", "run-p": "npm-run-all", "run-s": "npm-run-all",
	"tsc": "typescript", "tsnd": "ts-node-dev",
}

// warnings describe possible faults of the start scripts, in one or more
// sentences each.
func (s start) warnings(modules launched) []string {
	var all []string
	for _, one := range s.scripts() {
		for _, words := range calls(one.text) {
			program := path.Base(words[0])
			known, isKnown := developmentServers[program]
			if isKnown && known.serves(words[1:]) {
				all = append(all, fmt.Sprintf("[start-is-dev-server] the script %s starts the development server of %s, which is slow, unsafe and not meant for production. To fix it: %s.",
					one.name, program, s.alternative(modules)))
			}
			if pkg := packageOf(program); s.onlyForDevelopment(pkg) && modules.command(program) != present {
				all = append(all, fmt.Sprintf("[start-needs-dev-dependency] the script %s calls %s, which the image may not have: %s is under devDependencies of %s. To fix it: move it to dependencies, or start what the build script makes with node.",
					one.name, program, pkg, packagejson.FileName))
			}
		}
	}
	return all
}

func packageOf(program string) string {
	if known := developmentServers[program].pkg; known != "" {
		return known
	}
	if other, ok := programPackages[program]; ok {
		return other
	}
	return program
}

func (s start) onlyForDevelopment(pkg string) bool {
	_, development := s.pkg.DevDependencies[pkg]
	_, production := s.pkg.Dependencies[pkg]
	_, optional := s.pkg.OptionalDependencies[pkg]
	return development && !production && !optional
}

// alternatives are usual names of scripts that start a built app.
var alternatives = []string{"start:prod", "start:production", "start-prod", "prod:start", "production", "prod", "start:server", "start:node", "serve:prod", "serve", "preview", "server"}

// alternative says how to start the built app: with another script, if one looks
// suitable and can run.
func (s start) alternative(modules launched) string {
	if name := s.otherScript(modules); name != "" {
		return fmt.Sprintf("start what the build script makes: set %s=%s if that is what the script %s does", settings.StartScript, name, name)
	}
	return "let the build script make the app, serve what it makes with a server for production, and name the script that starts that in " + settings.StartScript
}

// otherScript returns the name of a script that looks like one for production and
// may run, or "".
func (s start) otherScript(modules launched) string {
	for _, name := range alternatives {
		text := s.pkg.Scripts[name]
		if strings.TrimSpace(text) != "" && name != s.name && !startsDevelopment(text) && (oracle{start: s, launched: modules}).ofScript(name).kind != dies {
			return name
		}
	}
	return ""
}

func startsDevelopment(script string) bool {
	return slices.ContainsFunc(calls(script), func(words []string) bool {
		known, isKnown := developmentServers[path.Base(words[0])]
		return isKnown && known.serves(words[1:])
	})
}

// calls splits a script roughly into commands, without quotes, variables, and
// programs that start others.
func calls(script string) [][]string {
	var all [][]string
	for _, text := range strings.FieldsFunc(script, func(r rune) bool { return strings.ContainsRune(";&|()\n", r) }) {
		words := strings.Fields(strings.NewReplacer(`"`, "", "'", "").Replace(text))
		for len(words) > 0 && (strings.Contains(words[0], "=") || slices.Contains(starters, words[0])) {
			words = words[1:]
		}
		if len(words) > 0 {
			all = append(all, words)
		}
	}
	return all
}

// starters start the program in their arguments.
var starters = []string{"cross-env", "env", "exec", "npx", "--", "--yes", "-y", "--no-install", "time"}
