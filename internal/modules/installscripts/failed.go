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
	Event   string
	Command string
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

// Script names the script for a message: "the script postinstall of the package a".
func (f Failed) Script() string {
	return fmt.Sprintf("the script %s of %s", f.Event, f.Package.owner())
}

// missingModule matches Node.js's message about a package that is not installed.
var missingModule = regexp.MustCompile(`Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND`)

// developing is the remedy for a command that a script calls and that is missing.
const developing = "make %s a dependency, or let the script do nothing without it (`%s || true`): an install for production has no devDependencies."

// pythonMissing is the symptom of a node-gyp that finds no Python.
var pythonMissing = outcome.Symptom{
	Words:  regexp.MustCompile(`gyp ERR! find Python|Could not find any Python installation|Can't find Python executable`),
	ID:     "python-missing",
	Cause:  "node-gyp finds no Python to compile it with",
	Remedy: "use a build image with python3, or set BP_NPM_INCLUDE_BUILD_PYTHON=true and add a buildpack that provides cpython.",
}

// Failure says which script failed, and why if its output shows that. It is a
// [failure.Failure] with the id package-script-failed, or that of a symptom.
func (f Failed) Failure() error {
	which := fmt.Sprintf("%s, `%s`,", f.Script(), f.Command)
	if found := outcome.Find(f.Output, pythonMissing); found != nil {
		found.Cause = which + " failed: " + found.Cause
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
		failed.Remedy = fmt.Sprintf(developing, "the package that has it", f.Command)
	} else if missingModule.MatchString(f.Output) {
		failed.Remedy = "its output above says what is missing. If that is a package, " + fmt.Sprintf(developing, "it", f.Command)
	}
	return failed
}
