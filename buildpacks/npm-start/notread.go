package npmstart

import (
	"fmt"
	"strings"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/imagesettings"
	"github.com/armature-cnb/armature/internal/cnb/procfile"
)

// warnOfProcfile warns if the app's Procfile has processes and no buildpack of
// the group reads it. It ignores a process web that starts the same as the start
// script, or runs that through npm.
func (s start) warnOfProcfile(others buildplan.Group, log scribe.Emitter) {
	if others[buildplan.Procfile] {
		return
	}
	var unread []string
	for _, process := range procfile.Read(s.root) {
		same := process.Command == s.script || process.Command == "npm start" && s.name == defaultScript || process.Command == "npm run "+s.name
		if process.Type != webProcess || !same {
			unread = append(unread, process.Type)
		}
	}
	if len(unread) == 0 {
		return
	}
	warn(log, fmt.Sprintf("[procfile-not-read] %s is not read: the process %s is that of the script %s, and what the file says of %s is in no process. To fix it: let the script be what the process is, or add a buildpack that reads the file, such as paketo-buildpacks/procfile",
		procfile.FileName, webProcess, s.name, strings.Join(unread, ", ")))
}

// logLaunchEnvironment logs, with BP_LOG_LEVEL=DEBUG, the variables that this
// buildpack sets for the app; the user's without values.
func logLaunchEnvironment(log scribe.Emitter, own map[string]string, given map[string]string) {
	log.Debug.Process("Environment of the launch:")
	for _, file := range sortedNames(own) {
		log.Debug.Subprocess("%s: %q", file, own[file])
	}
	for _, file := range sortedNames(given) {
		log.Debug.Subprocess("%s: (as %s… says)", file, imagesettings.VariablePrefix)
	}
	log.Debug.Break()
}
