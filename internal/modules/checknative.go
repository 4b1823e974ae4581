package npminstall

import (
	"fmt"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/native"
)

// checkNative looks at every native file in a layer of modules. A package that
// has files for other platforms only ends the build or warns, as
// BP_NODE_MODULES_CHECK says.
func (b *build) checkNative(layerDir string) error {
	if b.check == "off" {
		return nil
	}
	files, err := native.Find(layerDir, b.target)
	if err != nil {
		return fmt.Errorf("looking for native modules in %s: %w", layerDir, err)
	}
	b.natives = len(files)
	b.warnOfNewerLibc(files)
	fault := native.Check(files, b.target, b.host)
	switch {
	case fault == nil && len(files) > 0:
		b.log.Subprocess("Checked %d native files: each package has those for %s", len(files), b.target)
		b.log.Break()
	case fault != nil && b.check == "warn":
		b.log.Process("WARNING: %s", strings.ReplaceAll(fault.Error(), "%", "%%"))
		b.log.Break()
		return nil
	}
	return fault
}

// warnOfNewerLibc names the files that ask for a newer glibc than the run
// image's distribution has. It only warns: a run image may have another one.
func (b *build) warnOfNewerLibc(files []native.File) {
	distro := b.context.TargetDistro
	lines, has := native.Newer(files, distro.Name, distro.Version)
	if len(lines) == 0 {
		return
	}
	b.log.Process("WARNING: native modules ask for a newer glibc than %s %s has, %s%s", distro.Name, distro.Version, has,
		strings.ReplaceAll(failure.List(lines), "%", "%%"))
	b.log.Subprocess("Node.js cannot load them there. Use a version of the package that is built for an older glibc, or a newer run image.")
	b.log.Break()
}
