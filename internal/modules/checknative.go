package modules

import (
	"fmt"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/native"
)

// checkNative checks every native file in a layer of modules. If a package has
// files for other platforms only, it fails or warns, as BP_NODE_MODULES_CHECK says.
// It returns the number of native files, 0 if the check is off.
func (e *engine) checkNative(layerDir string) (natives int, err error) {
	if e.settings.check == checkOff {
		return 0, nil
	}
	files, err := native.Find(layerDir, e.target)
	if err != nil {
		return 0, fmt.Errorf("looking for native modules in %s: %w", layerDir, err)
	}
	e.warnOfNewerLibc(files)
	if lines := native.Shipped(files); len(lines) > 0 {
		e.log.Process("WARNING: programs that packages bring along are not for %s, and cannot start there%s", e.target, failure.List(lines))
		e.log.Subprocess("They come so with the package, on every platform: it may have a newer version, or do without them.")
		e.log.Break()
	}
	fault := native.Check(files, e.target, e.host, e.manager.Words().Relock)
	switch {
	case fault == nil && len(files) > 0:
		e.log.Subprocess("Checked %d native files: each package has those for %s", len(files), e.target)
		e.log.Break()
	case fault != nil && e.settings.check == checkWarns:
		e.log.Process("WARNING: %s", fault.Error())
		e.log.Break()
		return len(files), nil
	}
	return len(files), fault
}

// warnOfNewerLibc warns of files that need a newer glibc than the run image's
// distribution has. A run image may have another glibc, so this is no error.
func (e *engine) warnOfNewerLibc(files []native.File) {
	distro := e.context.TargetDistro
	lines, has := native.Newer(files, distro.Name, distro.Version)
	if len(lines) == 0 {
		return
	}
	e.log.Process("WARNING: native modules ask for a newer glibc than %s %s has, %s%s", distro.Name, distro.Version, has,
		failure.List(lines))
	e.log.Subprocess("Node.js cannot load them there. Use a version of the package that is built for an older glibc, or a newer run image.")
	e.log.Break()
}
