package npmstart

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/healthprobe"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// healthVariable is the setting that adds a process for health checks.
const healthVariable = "BP_HEALTH_CHECK_PATH"

// healthProcess is the type of that process, and the name of its program and layer.
const healthProcess = "healthcheck"

// HealthLabel is the label with the program that a platform calls for a health check.
const HealthLabel = "io.github.armature-cnb.healthcheck"

// healthPath reads the setting; empty without it.
func (s start) healthPath(getenv settings.Getenv) (string, error) {
	path := getenv(healthVariable)
	switch {
	case path == "":
		return "", nil
	case !healthprobe.IsPath(path):
		return "", &failure.Failure{
			ID:     "setting-invalid",
			Cause:  fmt.Sprintf("%s is %q, want a path of the app that begins with / and has no spaces", healthVariable, path),
			Remedy: fmt.Sprintf("set %s to the path that says whether the app is well, such as /health, or leave it unset.", healthVariable),
		}
	case slices.ContainsFunc(s.app.Processes, func(p startup.Process) bool { return p.Type == healthProcess }):
		return "", &failure.Failure{
			ID:     "setting-invalid",
			Cause:  fmt.Sprintf("%s is set, and the app has a process %s of its own", healthVariable, healthProcess),
			Remedy: "leave one of them out.",
		}
	}
	return path, nil
}

// healthCommand returns the process's command; layers is the buildpack's folder.
func (s start) healthCommand(layers, path string) packit.DirectProcess {
	port := usualPort
	if s.web.Listens != 0 {
		port = s.web.Listens
	}
	return packit.DirectProcess{
		Type: healthProcess, Args: []string{}, WorkingDirectory: s.dir,
		Command: []string{filepath.Join(layers, healthProcess, "bin", healthProcess), cmp.Or(s.web.Port, "PORT"), strconv.Itoa(port), path},
	}
}
