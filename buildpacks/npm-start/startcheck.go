package npmstart

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/procfile"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// startCheck is the value of BP_NODE_START_CHECK.
func startCheck(getenv settings.Getenv) (string, error) {
	return settings.OneOf(getenv, settings.StartCheck, "error", "warn", "off")
}

// checkStart ends the build when the default process is known not to run in the
// app image, and warns of what may be wrong with it, or with another one,
// otherwise; mode is the value of BP_NODE_START_CHECK. Where the process web will
// be that of a Procfile, others do not matter.
func (s start) checkStart(modules launched, mode string, others buildplan.Group, getenv settings.Getenv, log scribe.Emitter) error {
	if mode == "off" || others[buildplan.Procfile] && slices.ContainsFunc(procfile.Read(s.root), func(p procfile.Process) bool { return p.Type == startup.WebProcess }) {
		return nil
	}
	for i, p := range s.app.Processes {
		f := (oracle{start: s, launched: modules}).ofProcess(p)
		if i == 0 && f.kind != dies && s.app.Ends != "" {
			f = s.ending()
		}
		if f.kind == dies && i == 0 {
			return s.cannotRun(f, modules, mode, getenv, log)
		}
		if f.kind == dies {
			warn(log, fmt.Sprintf("[%s] the process %s: %s. To fix it: %s", cannotRunID, p.Type, f, s.remedy(f, modules)))
		} else if f.doubt != nil {
			warn(log, f.warning())
		}
	}
	for _, warning := range s.warnings(modules) {
		warn(log, warning)
	}
	return nil
}

// ending is the fate of a default process that ends by itself or at once.
func (s start) ending() fate {
	return fate{kind: dies, scripts: []string{s.web.Script}, why: s.app.Ends, fix: "let it start a server that stays in the foreground, or what the build makes, with node"}
}

// cannotRunID is the id of the [failure.Failure] for a process that cannot run.
const cannotRunID = "start-script-cannot-run"

// cannotRun is the error, or the warning, for the default process with a fate.
func (s start) cannotRun(f fate, modules launched, mode string, getenv settings.Getenv, log scribe.Emitter) error {
	remedy := s.remedy(f, modules)
	lines, way := s.workspaceWay(getenv)
	if way != "" {
		remedy = way + ", or " + remedy
	}
	failed := &failure.Failure{
		ID:     cannotRunID,
		Cause:  f.String() + lines,
		Remedy: remedy + ". " + settings.StartCheck + "=warn makes the image all the same.",
	}
	if mode == "error" {
		return failed
	}
	warn(log, strings.ReplaceAll(fmt.Sprintf("[%s] %s. To fix it: %s", failed.ID, failed.Cause, failed.Remedy), " "+settings.StartCheck+"=warn makes the image all the same.", ""))
	return nil
}

// remedy says how the app can start nevertheless, with the best way first.
func (s start) remedy(f fate, modules launched) string {
	var ways []string
	if name := s.otherScript(modules); name != "" {
		ways = append(ways, fmt.Sprintf("set %s=%s, if that starts what the build makes", settings.StartScript, name))
	}
	inner := f.scripts[min(1, len(f.scripts)):]
	if slices.Contains(inner, "build") {
		ways = append(ways, fmt.Sprintf("take `npm run build` out of the script %s: it has run when the image is made", f.scripts[0]))
	}
	if startup.MayEnd(f.program) && len(ways) == 0 && len(f.scripts) > 0 && strings.TrimSpace(s.pkg.Scripts["build"]) != "" {
		ways = append(ways, fmt.Sprintf("take %s out of the script %s, and start what the script build makes", f.program, f.scripts[len(f.scripts)-1]))
	}
	if f.fix != "" {
		ways = append(ways, f.fix)
	}
	if startup.IsDevelopmentServer(f.program) && len(ways) == 0 {
		ways = append(ways, fmt.Sprintf("add a script that starts what the build makes, with node or a server for production, and name it in %s", settings.StartScript))
	} else if f.pkg != "" {
		ways = append(ways, fmt.Sprintf("put %s under dependencies", f.pkg))
	}
	if len(ways) == 0 {
		ways = append(ways, "correct what starts the app")
	}
	return strings.Join(ways, ", or ")
}

// warn logs a warning.
func warn(log scribe.Emitter, text string) {
	log.Process("WARNING: %s", text)
	log.Break()
}
