package startup

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/node/shellscript"
)

// adapted changes what cannot work in the app image in the commands of a script,
// and says what:
//
//   - A file of --env-file that is not in the project is one that a platform's
//     variables replace: node reads it only if it is there.
//   - A program of devDependencies that only sets variables for another one, from
//     its arguments or from a file that is not in the project, is left out.
func (d *decider) adapted(text string) (_ string, changes []string) {
	parts, ok := shellscript.List(text)
	if !ok {
		return text, nil
	}
	for _, part := range slices.Backward(parts) {
		for i := len(part.Words) - 1; i > 0; i-- {
			if from, to, change := d.withoutEnvFile(part, i); change != "" {
				text = text[:from] + to + text[part.Places[i][1]:]
				changes = append(changes, change)
			}
		}
		if to := d.withoutWrapper(part.Words); to > 0 {
			text = text[:part.Places[0][0]] + text[part.Places[to][0]:]
			changes = append(changes, fmt.Sprintf("without %s, which the app image does not have", part.Words[0]))
		}
	}
	slices.Reverse(changes)
	return text, changes
}

const (
	envFile         = "--env-file"
	envFileIfExists = "--env-file-if-exists"
)

// knowsEnvFileIfExists is the range of the versions of Node.js with that option.
var knowsEnvFileIfExists, _ = semver.NewConstraint(">=22.9.0")

// withoutEnvFile returns what takes the place of the words of a command from a
// place in the script to the end of the i-th word, if that is the file of an
// --env-file of node that is not in the project. It says so, or nothing for any
// other word.
func (d *decider) withoutEnvFile(part shellscript.Part, i int) (from int, to, change string) {
	words := part.Words
	option, file, joined := strings.Cut(words[i], "=")
	from = part.Places[i][0]
	if !joined {
		option, file, from = words[i-1], words[i], part.Places[i-1][0]
	}
	inner := unwrapped(words)
	if option != envFile || len(inner) == 0 || programName(inner) != "node" || i <= len(words)-len(inner) ||
		!d.isOptionOfNode(words, i) || path.IsAbs(file) || strings.Contains(file, "$") || d.isFile(path.Clean(file)) {
		return 0, "", ""
	}
	if v, err := semver.NewVersion(d.Node); err == nil && !knowsEnvFileIfExists.Check(v) {
		return from, "", fmt.Sprintf("without %s=%s, which is not in the app", envFile, file)
	}
	return from, envFileIfExists + "=" + quote(file), fmt.Sprintf("with %s for %s, which is not in the app", envFileIfExists, file)
}

// isOptionOfNode reports whether a word is before the file that node runs.
func (d *decider) isOptionOfNode(words []string, i int) bool {
	inner := unwrapped(words)
	before := words[len(words)-len(inner)+1 : i+1]
	return !slices.ContainsFunc(before, func(word string) bool { return d.resolved(word) != "" })
}

// settingVariables are programs that set variables for the command in their
// arguments, with their options that have a value and those of a file.
var settingVariables = map[string]struct{ values, files []string }{
	"cross-env": {},
	"dotenv":    {values: []string{"-e", "-c", "-p"}, files: []string{"-e"}},
	"dotenvx":   {values: []string{"-f", "--env-file", "--convention"}, files: []string{"-f", "--env-file"}},
	"env-cmd":   {values: []string{"-f", "--file", "-r", "--rc-file", "-e", "--environments"}, files: []string{"-f", "--file", "-r", "--rc-file"}},
}

// withoutWrapper returns the index of the first word that stays of a command whose
// program only sets variables and is for development only. It is 0 if all stay.
func (d *decider) withoutWrapper(words []string) int {
	program := programName(words)
	known, ok := settingVariables[program]
	if !ok || !d.onlyForDevelopment(PackageOf(program)) {
		return 0
	}
	file := ".env"
	for i := 1; i < len(words); i++ {
		option, value, joined := strings.Cut(words[i], "=")
		switch {
		case slices.Contains(known.values, option):
			if !joined && i+1 < len(words) {
				i++
				value = words[i]
			}
			if slices.Contains(known.files, option) {
				file = value
			}
		case words[i] == "--", program == "dotenvx" && words[i] == "run":
		case strings.HasPrefix(words[i], "-"):
			return 0 // it may have a value
		case program != "cross-env" && d.isFile(path.Clean(file)):
			return 0 // its variables count
		default:
			return i
		}
	}
	return 0
}
