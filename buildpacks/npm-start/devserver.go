package npmstart

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// warnings describe possible faults of the start scripts, in one or more
// sentences each.
func (s start) warnings(modules launched) []string {
	var all []string
	for _, one := range s.scripts() {
		for _, words := range calls(one.text) {
			program := path.Base(words[0])
			if startup.ServesDeveloper(program, words[1:]) {
				all = append(all, fmt.Sprintf("[start-is-dev-server] the script %s starts the development server of %s, which is slow, unsafe and not meant for production. To fix it: %s.",
					one.name, program, s.alternative(modules)))
			}
			if pkg := startup.PackageOf(program); s.onlyForDevelopment(pkg) && modules.command(program) != present {
				all = append(all, fmt.Sprintf("[start-needs-dev-dependency] the script %s calls %s, which the image may not have: %s is under devDependencies of %s. To fix it: move it to dependencies, or start what the build script makes with node.",
					one.name, program, pkg, packagejson.FileName))
			}
		}
	}
	return all
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
		return startup.ServesDeveloper(path.Base(words[0]), words[1:])
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
