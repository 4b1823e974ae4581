package installscripts

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// Package is an installed package, a folder that node_modules links to (a workspace
// or a file: dependency), or the project itself.
type Package struct {
	deps.Package          // Path is "" for the project
	Dir          string   // its folder, absolute
	Linked       bool     // a folder that node_modules links to
	Link         string   // the path of the first link to it; empty if it is not linked
	Manifest     Manifest // its package.json
	HasGyp       bool     // it has a binding.gyp
}

// Manifest has the fields of a package.json that matter to scripts. Fields of a
// wrong shape count as absent, as they do in package managers.
type Manifest struct {
	Name    string
	Version string
	Scripts map[string]string
	Gypfile bool // false only if package.json says so
	Fields  map[string]any
}

// gypRebuild is what managers run for a package with a binding.gyp that has no
// install and no preinstall script.
const gypRebuild = "node-gyp rebuild"

// Command returns the command of an event ("postinstall"), or "". A package with a
// binding.gyp has an install script, unless package.json says otherwise.
func (p Package) Command(event string) string {
	if command := p.Manifest.Scripts[event]; strings.TrimSpace(command) != "" {
		return command
	}
	if event == "install" && p.HasGyp && p.Manifest.Gypfile && p.Command("preinstall") == "" {
		return gypRebuild
	}
	return ""
}

// Runs reports whether a package has a script for an event. A project's script that
// only sets up git hooks with husky counts as none: nobody commits in a build.
func (p Package) Runs(event string) bool {
	command := p.Command(event)
	return command != "" && (p.InNodeModules() || !OnlyHusky(command))
}

// onlyHusky matches a husky command that only sets up git hooks.
var onlyHusky = regexp.MustCompile(`^husky(?: install(?: [\w./-]+)?)?(?: *\|\| *(?:true|exit 0|:))?$`)

// OnlyHusky reports whether a command only sets up git hooks with husky.
func OnlyHusky(command string) bool { return onlyHusky.MatchString(strings.TrimSpace(command)) }

// place is where node_modules has the package, or the link to it.
func (p Package) place() string {
	if p.Linked {
		return p.Link
	}
	return p.Path
}

// depth is the number of node_modules folders around a package.
func (p Package) depth() int {
	depth := 0
	for part := range strings.SplitSeq(p.place(), "/") {
		if part == modulesDir {
			depth++
		}
	}
	return depth
}

// folderName is the name under which a package is installed: the alias of one that
// has an alias.
func (p Package) folderName() string { return folderName(p.Path) }

func folderName(place string) string {
	scope, name := path.Split(place)
	if scope = path.Base(scope); strings.HasPrefix(scope, "@") {
		return scope + "/" + name
	}
	return name
}

// described returns what package.json says of a package that is in no lockfile.
func (p Package) described() deps.Package {
	d, fields := p.Package, p.Manifest.Fields
	d.Version = cmp.Or(p.Manifest.Version, "0.0.0")
	d.OS, d.CPU, d.Libc = words(fields["os"]), words(fields["cpu"]), words(fields["libc"])
	d.Dependencies, d.OptionalDeps = ranges(fields["dependencies"]), ranges(fields["optionalDependencies"])
	d.DevDeps, d.PeerDeps = ranges(fields["devDependencies"]), ranges(fields["peerDependencies"])
	return d
}

func words(value any) (all []string) {
	if one, ok := value.(string); ok {
		return []string{one}
	}
	list, _ := value.([]any)
	for _, one := range list {
		if word, ok := one.(string); ok {
			all = append(all, word)
		}
	}
	return all
}

func ranges(value any) map[string]string {
	all := map[string]string{}
	object, _ := value.(map[string]any)
	for name, one := range object {
		all[name], _ = one.(string)
	}
	return all
}

// read returns the package in a folder. Found is false without a package.json that
// can be read.
func read(dir string, p deps.Package) (_ Package, found bool, err error) {
	file := filepath.Join(dir, packagejson.FileName)
	if info, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return Package{}, false, nil
	}
	text, err := regular.ReadFile(file)
	if err != nil {
		return Package{}, false, err
	}
	manifest, ok := parse(text)
	if !ok {
		return Package{}, false, nil
	}
	info, err := os.Stat(filepath.Join(dir, "binding.gyp"))
	return Package{Package: p, Dir: dir, Manifest: manifest, HasGyp: err == nil && info.Mode().IsRegular()}, true, nil
}

func parse(text []byte) (Manifest, bool) {
	if decoded, err := textfile.Decode(text); err == nil {
		text = decoded
	}
	var fields map[string]any
	if json.Unmarshal(text, &fields) != nil {
		return Manifest{}, false
	}
	m := Manifest{Scripts: map[string]string{}, Gypfile: fields["gypfile"] != false, Fields: fields}
	m.Name, _ = fields["name"].(string)
	m.Version, _ = fields["version"].(string)
	scripts, _ := fields["scripts"].(map[string]any)
	for name, value := range scripts {
		if command, ok := value.(string); ok {
			m.Scripts[name] = command
		}
	}
	return m, true
}
