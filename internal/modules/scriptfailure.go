package modules

import (
	"fmt"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// ScriptFailure says why a build script failed that a manager, such as "yarn", ran.
// Missing is the command that its output says is missing, or empty.
func ScriptFailure(manager string, s Script, o outcome.Outcome, missing string) error {
	end := fmt.Sprintf("the build script %s failed: `%s` ended with %s", s, s.Package.Scripts[s.Name], o.End())
	if missing != "" {
		return &failure.Failure{
			ID:    "build-script-command-missing",
			Cause: fmt.Sprintf("%s: there is no command %s", end, missing),
			Remedy: fmt.Sprintf("add the package that has it: `%s add --dev PACKAGE`, and commit %s and the lockfile. "+
				"Where the app needs no build, set %s=%s.", manager, packagejson.FileName, settings.RunScripts, NoScripts),
		}
	}
	if found := outcome.Find(o.Output); found != nil {
		found.Cause = end + ": " + found.Cause
		return found
	}
	remedy := fmt.Sprintf("its output above says why; `%s` in the package's folder, after `%s install`, should say the same. ", s.Call(manager+" run", manager+" run"), manager)
	if o.Killed() {
		remedy = "a machine that runs out of memory kills what takes most of it: give the build more. "
	}
	return &failure.Failure{
		ID:     "build-script-failed",
		Cause:  end,
		Remedy: remedy + fmt.Sprintf("%s names other scripts to run, and %s=%s runs none.", settings.RunScripts, settings.RunScripts, NoScripts),
	}
}
