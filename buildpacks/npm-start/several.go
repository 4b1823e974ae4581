package npmstart

import (
	"path"
	"slices"
	"strings"
)

// ofConcurrently is the fate of the commands that concurrently starts.
func (o oracle) ofConcurrently(arguments []string) fate {
	var fates []fate
	together := false
	for i, word := range arguments {
		switch {
		case slices.Contains([]string{"-k", "--kill-others", "--kill-others-on-fail"}, word):
			together = true
		case strings.HasPrefix(word, "-"):
		case i > 0 && slices.Contains([]string{"-n", "--names", "-c", "--prefix-colors", "-p", "--prefix", "-m", "--max-processes", "-s", "--success", "--restart-tries", "--restart-after"}, arguments[i-1]):
		default:
			if script, ok := strings.CutPrefix(word, "npm:"); ok {
				fates = append(fates, o.ofNPMCommand([]string{"run", script}, strings.Contains(script, "*")))
				continue
			}
			fates = append(fates, o.of(word))
		}
	}
	return ofAll(fates, together && !slices.Contains(arguments, "--restart-tries"))
}

// ofRunAll is the fate of the scripts that npm-run-all starts, sequentially or in
// parallel.
func (o oracle) ofRunAll(program string, arguments []string) fate {
	parallel := program == "run-p"
	var last fate
	known := false
	for _, word := range arguments {
		switch word {
		case "-s", "--serial", "--sequential", "-p", "--parallel":
			if known && last.kind == runs {
				return last // nothing after it starts
			}
			parallel = word == "-p" || word == "--parallel"
			continue
		case "-l", "--print-label", "-n", "--print-name":
			continue
		case "--":
			return last
		}
		if strings.HasPrefix(word, "-") {
			return fate{}
		}
		for _, name := range o.matching(word) {
			f := o.ofScript(name)
			if f.kind == dies || f.kind == runs && !parallel {
				return f
			}
			if !parallel || !known || f.kind == runs {
				last, known = f, true
			}
		}
	}
	return last
}

// matching returns the scripts that a pattern of npm-run-all names: * matches
// anything without a colon. It ignores a pattern with arguments.
func (o oracle) matching(pattern string) []string {
	if strings.ContainsAny(pattern, " {") {
		return nil
	}
	if !strings.Contains(pattern, "*") {
		return []string{pattern}
	}
	var names []string
	for _, name := range o.pkg.ScriptNames() {
		ok, err := path.Match(strings.ReplaceAll(strings.ReplaceAll(pattern, "**", "*"), ":", "/"), strings.ReplaceAll(name, ":", "/"))
		if err == nil && ok {
			names = append(names, name)
		}
	}
	return names
}
