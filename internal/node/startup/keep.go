package startup

import (
	"slices"

	"github.com/armature-cnb/armature/internal/cnb/settings"
)

// Kept returns the packages for development that the project's server needs, too:
// the app image should have them. It is empty for nearly all projects.
func Kept(p Project, getenv settings.Getenv) (names []string) {
	d := &decider{Project: p, getenv: getenv, pkg: p.Package}
	for _, row := range frameworks {
		for _, one := range row.Keep {
			if d.depends(row.Packages) == "" || !d.isFile(one.File) || d.isFrom(row.Packages, one.Below) {
				continue
			}
			names = append(names, slices.DeleteFunc(slices.Clone(one.Packages), func(name string) bool { return !d.onlyForDevelopment(name) })...)
		}
	}
	return names
}
