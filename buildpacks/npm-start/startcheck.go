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

// checkStart ends the build when the start script is known not to run in the
// app image, and warns of what may be wrong with it otherwise. Where the process
// web will be that of a Procfile, the script does not matter. layersDir holds the
// layers of all buildpacks, which others are.
func (s start) checkStart(layersDir string, others buildplan.Group, getenv settings.Getenv, log scribe.Emitter) error {
	mode, err := settings.OneOf(getenv, settings.StartCheck, "error", "warn", "off")
	if err != nil {
		return err
	}
	if err := s.checkBash(layersDir, mode, others, log); err != nil || mode == "off" {
		return err
	}
	if others[buildplan.Procfile] && slices.ContainsFunc(procfile.Read(s.root), func(p procfile.Process) bool { return p.Type == webProcess }) {
		return nil
	}
	modules, err := s.findLaunched(layersDir, getenv)
	if err != nil {
		return err
	}
	f := (oracle{start: s, launched: modules}).ofScript(s.name)
	if f.kind != dies {
		if f.doubt != nil {
			warn(log, f.warning())
		}
		for _, warning := range s.warnings(modules) {
			warn(log, warning)
		}
		return nil
	}
	failed := &failure.Failure{
		ID:     "start-script-cannot-run",
		Cause:  f.String(),
		Remedy: s.remedy(f, modules) + ". " + settings.StartCheck + "=warn makes the image all the same.",
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
	if slices.Contains(f.scripts[1:], "build") {
		ways = append(ways, fmt.Sprintf("take `npm run build` out of the script %s: it has run when the image is made", s.name))
	}
	if startup.MayEnd(f.program) && len(ways) == 0 && strings.TrimSpace(s.pkg.Scripts["build"]) != "" {
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
		ways = append(ways, "correct the script "+f.scripts[0])
	}
	return strings.Join(ways, ", or ")
}

// warn logs a warning.
func warn(log scribe.Emitter, text string) {
	log.Process("WARNING: %s", strings.ReplaceAll(text, "%", "%%"))
	log.Break()
}
