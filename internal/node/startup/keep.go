package startup

import (
	"path"
	"regexp"
	"slices"
	"strings"

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

// BuildIncludesDev is set for later buildpacks if NPM_CONFIG_INCLUDE is not the
// user's, but only says what is installed for the build.
const BuildIncludesDev = "ARMATURE_BUILD_INCLUDES_DEV"

// KeepsDevelopment reports whether the user keeps devDependencies in the app image.
func KeepsDevelopment(getenv settings.Getenv) bool {
	return getenv(BuildIncludesDev) == "" && strings.Contains(getenv("NPM_CONFIG_INCLUDE")+getenv("npm_config_include"), "dev")
}

// Kept returns the packages for development that the project's server needs, too:
// the app image should have them. It is empty for most projects.
func Kept(p Project, getenv settings.Getenv) (names []string) {
	d := &decider{Project: p, getenv: getenv, pkg: p.Package}
	for _, row := range frameworks {
		for _, one := range row.Keep {
			if d.depends(row.Packages) == "" || one.File != "" && !d.isFile(one.File) || one.Below > 0 && d.isFrom(row.Packages, one.Below) {
				continue
			}
			names = append(names, slices.DeleteFunc(append(d.packagesIn(one.Imports), one.Packages...), func(name string) bool {
				return !d.onlyForDevelopment(name) || slices.Contains(names, name)
			})...)
		}
	}
	return names
}

// loading matches what a module imports when it is loaded, and typing what only a
// compiler reads.
var (
	loading = regexp.MustCompile(`(?:\brequire\s*\(|\bimport\s*\(|\bfrom|\bimport)\s*['"]([^'"]+)['"]`)
	typing  = regexp.MustCompile(`\bimport\s+type\s[^'"]*['"][^'"]+['"]`)
)

// packagesIn returns the packages that the files that match a pattern import, and
// those that the project's files import that they import.
func (d *decider) packagesIn(pattern string) (names []string) {
	if pattern == "" {
		return nil
	}
	queue := d.glob(pattern)
	for seen := 0; len(queue) > seen && seen < maxImports; seen++ {
		text := typing.ReplaceAllString(comments.ReplaceAllString(string(d.entryText(queue[seen])), ""), "")
		for _, match := range loading.FindAllStringSubmatch(text, -1) {
			name := match[1]
			if strings.HasPrefix(name, ".") {
				if next := d.imported(path.Join(path.Dir(queue[seen]), name)); next != "" && !slices.Contains(queue, next) {
					queue = append(queue, next)
				}
			} else if name = packageIn(name); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// packageIn returns the package of a module's name: "@a/b" of "@a/b/c".
func packageIn(module string) string {
	parts := strings.SplitN(module, "/", 3)
	if strings.HasPrefix(module, "@") && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}
