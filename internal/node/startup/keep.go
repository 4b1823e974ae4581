package startup

import (
	"slices"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// Caches returns the folders that the project's framework keeps between builds,
// relative to the project's folder.
func Caches(pkg packagejson.Package) []string {
	d := &decider{pkg: pkg}
	for _, row := range frameworks {
		if !row.Weak && d.depends(row.Packages) != "" && d.depends(row.Excludes) == "" {
			return row.Cache
		}
	}
	return nil
}

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
