package startup

import (
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/node/shellscript"
)

// Reference is a workspace that a script starts through a manager that the app
// image does not have.
type Reference struct {
	Script string // the script that does
	Name   string // of its package; or empty
	Folder string // below the project's; or empty
	Each   string // the script that it runs in each workspace that has it; or empty
}

// References returns the workspaces that the scripts start, in the order in which
// the scripts would apply.
func References(scripts map[string]string) (all []Reference) {
	for _, name := range append([]string{defaultScript}, forProduction...) {
		parts, ok := shellscript.List(scripts[name])
		if !ok || len(parts) == 0 {
			continue
		}
		words := unwrapped(parts[len(parts)-1].Words)
		folder := ""
		if before := len(parts) - 2; before >= 0 && parts[before].Words[0] == "cd" && len(parts[before].Words) == 2 {
			folder = parts[before].Words[1]
		}
		one := Reference{Script: name}
		if one.Name, one.Folder = referenceIn(words, folder); one.Name == "" && one.Folder == "" {
			one.Each = eachIn(words)
		}
		if one.Name != "" || one.Folder != "" || one.Each != "" {
			all = append(all, one)
		}
	}
	return all
}

// Options of managers and runners that name a workspace by its folder, and by its
// package.
var (
	folderOptions = []string{"--cwd", "-C", "--dir"}
	nameOptions   = []string{"--filter", "-F", "--scope"}
)

// referenceIn returns the workspace that a command starts, which is by itself in a
// folder, or in the project's without one.
func referenceIn(words []string, in string) (name, folder string) {
	if len(words) == 0 || !slices.Contains([]string{"yarn", "pnpm", "bun", "turbo", "lerna"}, words[0]) {
		return "", ""
	}
	if len(words) > 2 && words[0] == "yarn" && words[1] == "workspace" {
		return words[2], ""
	}
	folder = in
	for i, word := range words[1:] {
		option, value, joined := strings.Cut(word, "=")
		if !joined && i+2 < len(words) {
			value = words[i+2]
		}
		switch {
		case slices.Contains(folderOptions, option):
			folder = path.Join(in, value)
		case slices.Contains(nameOptions, option):
			name = strings.Trim(value, "'\".")
		}
	}
	if folder != "" {
		folder = path.Clean(folder)
	}
	return name, folder
}

// eachIn returns the script that a command runs in each workspace that has it:
// "start" for "turbo run start".
func eachIn(words []string) string {
	if len(words) == 0 {
		return ""
	}
	var names []string
	for i, word := range words[1:] {
		if !strings.HasPrefix(word, "-") && (i == 0 || !slices.Contains(valuedOptions, words[i])) {
			names = append(names, word)
		}
	}
	recursive := slices.Contains(words, "-r") || slices.Contains(words, "--recursive")
	switch {
	case words[0] == "turbo", words[0] == "lerna", words[0] == "pnpm" && recursive:
	case words[0] == "yarn" && len(names) > 1 && (names[0] == "workspaces" || names[0] == "wsrun"):
		names = slices.DeleteFunc(names[1:], func(word string) bool { return word == "foreach" })
	default:
		return ""
	}
	if len(names) > 1 && names[0] == "run" {
		names = names[1:]
	}
	if len(names) != 1 {
		return ""
	}
	return names[0]
}

// valuedOptions are options of such commands with a value after a blank.
var valuedOptions = []string{"--concurrency", "--jobs", "-j", "--workspace-concurrency", "--cache-dir", "--log-order", "--output-logs"}
