package npmstart

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// presence says whether the app image will have something.
type presence int

const (
	unknown presence = iota
	present
	absent
)

// launched are the modules of the app image.
type launched struct {
	places []place
	lock   deps.Graph // of the install folder; zero without one, or if it does not list the installed packages
	kept   []string   // packages for development that the launch layer has nevertheless
	others []string   // folders with the programs of other buildpacks' layers
}

// place is a node_modules folder in which the app finds modules.
type place struct {
	disk string // its content; empty for a reused layer, which is not on disk
	path string // in the lockfile: "node_modules", "packages/a/node_modules"
	sure bool   // what it lacks is not in the app image at all
}

// launchLayerName is the name of the launch layer of modules of npm-install, and
// of Paketo's buildpack.
const launchLayerName = "launch-modules"

// findLaunched finds the modules of the app image, which the project's
// node_modules now points to. LayersDir holds the layers of all buildpacks.
func (s start) findLaunched(layersDir string, getenv settings.Getenv) (l launched, err error) {
	if l.lock, _, err = npmlock.Read(s.modules); err != nil {
		return launched{}, err
	}
	if s.keepsDevelopment(getenv) {
		l.lock = deps.Graph{}
	}
	l.kept, l.others = s.kept, below(layersDir, "*/*/bin")
	for dir := s.dir; ; dir = filepath.Dir(dir) {
		relative, _ := filepath.Rel(s.modules, filepath.Join(dir, nodemodules.Dir)) // both are absolute
		if found, ok := findPlace(filepath.Join(dir, nodemodules.Dir), filepath.ToSlash(relative)); ok {
			l.places = append(l.places, found)
		}
		if dir == s.modules {
			break
		}
	}
	if len(l.places) == 0 && l.lock.Version >= 2 {
		l.places = []place{{path: nodemodules.Dir, sure: true}}
	}
	return l, nil
}

// keepsDevelopment reports whether npm's configuration keeps devDependencies at
// launch.
func (s start) keepsDevelopment(getenv settings.Getenv) bool {
	if startup.KeepsDevelopment(getenv) {
		return true
	}
	for _, dir := range []string{s.modules, getenv("HOME")} {
		text, err := regular.ReadFile(filepath.Join(dir, ".npmrc"))
		if err == nil && includesDevelopment.Match(text) {
			return true
		}
	}
	return false
}

// includesDevelopment matches that setting in an .npmrc.
var includesDevelopment = regexp.MustCompile(`(?m)^\s*include(\[\])?\s*=.*dev`)

func findPlace(folder, inLock string) (found place, ok bool) {
	target, err := os.Readlink(folder)
	if err != nil {
		info, err := os.Stat(folder)
		return place{disk: folder, path: inLock}, err == nil && info.IsDir()
	}
	found = place{path: inLock, sure: slices.Contains(strings.Split(filepath.ToSlash(target), "/"), launchLayerName)}
	if info, err := os.Stat(folder); err == nil && info.IsDir() {
		found.disk = target
	}
	return found, found.sure || found.disk != ""
}

// command says whether the PATH has a program, as far as modules and layers
// provide it.
func (l launched) command(name string) presence {
	for _, dir := range l.others {
		if isFile(filepath.Join(dir, name)) {
			return present
		}
	}
	return l.look(func(p place) bool {
		_, err := os.Lstat(filepath.Join(p.disk, ".bin", name)) // a link may point to a file that a script makes later
		return err == nil
	}, func(p deps.Package) bool {
		return slices.Contains(p.Commands, name)
	})
}

// module says whether the app can load a package.
func (l launched) module(name string) presence {
	return l.look(func(p place) bool {
		_, err := os.Stat(filepath.Join(p.disk, name))
		return err == nil
	}, func(p deps.Package) bool {
		return strings.HasSuffix(p.Path, nodemodules.Dir+"/"+name)
	})
}

// version returns the version of a package that the app can load, or "".
func (l launched) version(name string) string {
	for _, p := range l.places {
		if p.disk == "" {
			for _, one := range l.in(p) {
				if one.Path == path.Join(p.path, name) {
					return one.Version
				}
			}
			continue
		}
		if pkg, err := packagejson.Read(filepath.Join(p.disk, name)); err == nil {
			return pkg.Version
		}
	}
	return ""
}

// look asks all places; for those that are not on disk it asks the lockfile.
func (l launched) look(onDisk func(place) bool, locked func(deps.Package) bool) presence {
	answer := absent
	if len(l.places) == 0 {
		answer = unknown
	}
	for _, p := range l.places {
		switch {
		case p.disk != "" && onDisk(p):
			return present
		case p.disk == "" && l.lock.Version < 2:
			answer = unknown
		case p.disk == "" && slices.ContainsFunc(l.in(p), locked):
			return present
		case !p.sure:
			answer = unknown
		}
	}
	return answer
}

// in returns the lockfile's packages in a place, without those that only
// development needs. A link to a folder has the folder's programs.
func (l launched) in(p place) []deps.Package {
	var all []deps.Package
	for _, one := range l.lock.Packages {
		name, inside := strings.CutPrefix(one.Path, p.path+"/")
		if !inside || one.Dev && !slices.Contains(l.kept, one.Name) || strings.Contains(name, nodemodules.Dir+"/") {
			continue
		}
		if one.Link {
			for _, folder := range l.lock.Packages {
				if folder.Path == one.To {
					one.Commands = folder.Commands
				}
			}
		}
		all = append(all, one)
	}
	return all
}

// brings returns a package with a program that only development needs, by the
// lockfile, or "".
func (l launched) brings(program string) string {
	for _, one := range l.lock.Packages {
		if one.Dev && slices.Contains(one.Commands, program) {
			return one.Name
		}
	}
	return ""
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}
