package installscripts

import (
	"fmt"
	"regexp"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/outcome"
)

// Failed is a script that failed.
type Failed struct {
	outcome.Outcome
	Package Package
	Event   string // empty if unknown
	Command string
	Terms   Terms // of the manager
}

// owner returns the script's package for a message.
func (p Package) owner() string {
	switch {
	case p.Path == "":
		return "the project"
	case p.Linked:
		return "the workspace " + p.Path
	}
	return "the package " + p.folderName()
}

// Script names the script for a message: "the script postinstall of the package
// a, `node a.js`,".
func (f Failed) Script() string {
	if f.Event == "" {
		return fmt.Sprintf("the script `%s` of %s", f.Command, f.Package.owner())
	}
	return fmt.Sprintf("the script %s of %s, `%s`,", f.Event, f.Package.owner(), f.Command)
}

// missingModule matches Node.js's message about a package that is not installed.
var missingModule = regexp.MustCompile(`Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND`)

// PythonMissing is the symptom of a node-gyp that finds no Python.
var PythonMissing = outcome.Symptom{
	Words:  regexp.MustCompile(`gyp ERR! find Python|Could not find any Python installation|Can't find Python executable`),
	ID:     "python-missing",
	Cause:  "node-gyp finds no Python to compile it with",
	Remedy: "use a build image with python3, or set BP_NPM_INCLUDE_BUILD_PYTHON=true and add a buildpack that provides cpython.",
}

// Failure says which script failed, and why if its output shows that. It is a
// [failure.Failure] with the id package-script-failed, or that of a symptom.
func (f Failed) Failure() error {
	which := f.Script()
	if found := f.Abandoned(); found != nil {
		return found
	}
	if found := outcome.Find(f.Output, PythonMissing); found != nil {
		found.Cause = which + " failed: " + found.Cause
		if row, known := downloads[f.Package.Manifest.Name]; known && found.ID == outcome.HostUnreachable {
			found.Remedy += fmt.Sprintf(" For %s that is `--env %s`.", f.Package.Manifest.Name, row.Without[0])
		}
		return found
	}
	if f.Killed() { // by the kernel, if memory runs out
		return &failure.Failure{ID: outcome.Memory.ID, Cause: which + " was killed, most likely because " + outcome.Memory.Cause, Remedy: outcome.Memory.Remedy}
	}
	ended := fmt.Sprintf("%s ended with the exit status %d", which, f.Status())
	failed := &failure.Failure{ID: "package-script-failed", Cause: ended, Remedy: "its output above says why."}
	if words := outcome.LastWords(f.Output); words != "" {
		failed.Cause += ": " + words
	}
	if command := f.MissingCommand(); command != "" {
		failed.Cause = ended + ": there is no program " + command
		failed.Remedy = f.missing("the package that has it")
	} else if missingModule.MatchString(f.Output) {
		failed.Remedy = "its output above says what is missing. If that is a package, " + f.missing("it")
	}
	return failed
}
