package modules

import (
	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/settings"
)

// Names of settings that several files use.
const (
	keepVariable    = "BP_NODE_KEEP_WORKSPACES"
	modulesVariable = "BP_NODE_KEEP_MODULES" // for apps whose build scripts bundle all dependencies
)

// Values of BP_NODE_MODULES_CHECK: what to do about faults that the engine finds.
const (
	checkFails = "error"
	checkWarns = "warn"
	checkOff   = "off"
)

// choices are the user's choices.
type choices struct {
	check       string // one of the above
	keepCache   bool   // keep tools' caches in the app image
	keepFolders bool   // keep workspaces that the project does not need
	keepModules bool   // keep modules in the app image
	sbom        bool
	environment execenv.Environment
}

func readSettings(getenv settings.Getenv) (s choices, err error) {
	if s.environment, err = execenv.Read(getenv); err != nil {
		return s, err
	}
	if s.check, err = settings.OneOf(getenv, settings.ModulesCheck, checkFails, checkWarns, checkOff); err != nil {
		return s, err
	}
	if s.keepCache, err = settings.Bool(getenv, "BP_KEEP_NODE_BUILD_CACHE", false); err != nil {
		return s, err
	}
	if s.keepFolders, err = settings.Bool(getenv, keepVariable, false); err != nil {
		return s, err
	}
	if s.keepModules, err = settings.Bool(getenv, modulesVariable, true); err != nil {
		return s, err
	}
	s.keepModules = s.keepModules || s.environment.Develops() // tests and development servers load them
	disabled, err := settings.Bool(getenv, settings.DisableSBOM, false)
	s.sbom = !disabled
	return s, err
}
