package pnpm

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// announced matches the line with which pnpm announces a script.
var announced = regexp.MustCompile(`(?m)^> (?:.* )?(\S+) /\S*\r?\n> |^\$ `)

// scriptFailure says why a build script failed. It classifies errors of a pnpm that
// the script called.
func scriptFailure(s modules.Script, f fault) error {
	ran := s.Name
	for _, found := range announced.FindAllStringSubmatch(f.Output, -1) {
		if slices.Contains([]string{"pre" + s.Name, s.Name, "post" + s.Name}, found[1]) {
			ran = found[1]
		}
	}
	where := fmt.Sprintf("the build script %s failed", s)
	if ran != s.Name {
		where = fmt.Sprintf("the hook %s of the build script %s failed", ran, s)
	}
	end := fmt.Sprintf("%s: `%s` ended with %s", where, s.Package.Scripts[ran], f.End())
	if command := f.missingCommand(); command != "" {
		return &failure.Failure{
			ID:    "build-script-command-missing",
			Cause: fmt.Sprintf("%s: there is no command %s", end, command),
			Remedy: fmt.Sprintf("add the package that has it: `pnpm add --save-dev PACKAGE`, and commit %s and the lockfile. "+
				"Where the app needs no build, set %s=%s.", packagejson.FileName, settings.RunScripts, modules.NoScripts),
		}
	}
	var inner *failure.Failure
	if errors.As(classify(f), &inner) && inner.ID != unknownFault && inner.ID != outcome.Memory.ID && strings.Contains(f.Output, "ERR_PNPM_") {
		inner.Cause = where + ": " + inner.Cause
		return inner
	}
	if found := outcome.Find(f.Output); found != nil {
		found.Cause = end + ": " + found.Cause
		return found
	}
	remedy := "its output above says why; `" + s.Call("pnpm run", "pnpm exec") + "` in the package's folder, after `pnpm install`, should say the same. "
	if f.Killed() {
		remedy = "a machine that runs out of memory kills what takes most of it: give the build more. "
	}
	return &failure.Failure{
		ID: "build-script-failed", Cause: end,
		Remedy: remedy + fmt.Sprintf("%s names other scripts to run, and %s=%s runs none.", settings.RunScripts, settings.RunScripts, modules.NoScripts),
	}
}

// shellMissing matches a shell's message about a missing command.
var shellMissing = regexp.MustCompile(`(?m)^sh: (?:\d+: |line \d+: )?(\S+): (?:command )?not found`)

// missingCommand is [outcome.Outcome.MissingCommand], also for the versions of pnpm
// that end with 1 then.
func (f fault) missingCommand() string {
	if command := f.MissingCommand(); command != "" {
		return command
	}
	found := shellMissing.FindAllStringSubmatch(f.Output, -1)
	if found == nil || !strings.Contains(f.Output, "Local package.json exists") && !strings.Contains(f.Output, "LIFECYCLE") {
		return ""
	}
	return found[len(found)-1][1]
}
