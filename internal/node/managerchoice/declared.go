package managerchoice

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/npmrange"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// Names of files that configure a package manager.
const (
	YarnrcYML = ".yarnrc.yml" // packagemanager.Yarn 2 and later
	Yarnrc    = ".yarnrc"     // packagemanager.Yarn 1
)

// Pin is the value of the field packageManager of a package.json:
// "pnpm@10.2.0+sha512.…".
type Pin struct {
	Manager string // "pnpm"
	Version string // "10.2.0"
	Digest  string // "sha512.…", in hex; or empty
}

// Pinned reads the field packageManager. It is false if the field names no
// version.
func Pinned(pkg packagejson.Package) (Pin, bool) {
	name, rest, ok := strings.Cut(strings.TrimSpace(pkg.PackageManager), "@")
	version, digest, _ := strings.Cut(rest, "+")
	return Pin{Manager: name, Version: version, Digest: digest}, ok && name != ""
}

// configured returns the managers whose configuration is in a folder, other than
// .npmrc, which several read.
func configured(dir string) (all []Evidence, err error) {
	if tree.Exists(filepath.Join(dir, YarnrcYML)) {
		all = append(all, Evidence{packagemanager.Yarn, YarnrcYML})
	}
	text, err := regular.ReadFile(filepath.Join(dir, Yarnrc))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading Yarn's configuration: %w", regular.TooLarge(err))
	}
	if yarnPath.Match(text) {
		all = append(all, Evidence{packagemanager.Yarn, "yarn-path in " + Yarnrc})
	}
	if tree.Exists(filepath.Join(dir, packagemanager.PNPMWorkspace)) {
		all = append(all, Evidence{packagemanager.PNPM, packagemanager.PNPMWorkspace})
	}
	return all, nil
}

// yarnPath matches the setting that names a vendored Yarn.
var yarnPath = regexp.MustCompile(`(?m)^\s*['"]?yarn-path['"]?\s`)

// enginesField begins the evidence of engines.
const enginesField = "engines."

// engines returns the managers that engines and volta of a package.json name. A
// project whose engines name npm, too, can be made with npm; and words in place of
// a range ("please-use-npm") refuse a manager.
func engines(pkg packagejson.Package) (all []Evidence) {
	isRange := func(text string) bool {
		_, err := npmrange.Parse(text)
		return err == nil && text != ""
	}
	if isRange(pkg.Engines.NPM) {
		return nil
	}
	for _, one := range []struct{ manager, wanted string }{{packagemanager.PNPM, pkg.Engines.PNPM}, {packagemanager.Yarn, pkg.Engines.Yarn}, {packagemanager.Bun, pkg.Engines.Bun}} {
		if isRange(one.wanted) {
			all = append(all, Evidence{one.manager, enginesField + one.manager + " " + one.wanted})
		}
	}
	for _, pin := range []struct{ manager, version string }{{packagemanager.PNPM, pkg.Volta.PNPM}, {packagemanager.Yarn, pkg.Volta.Yarn}} {
		if pin.version != "" {
			all = append(all, Evidence{pin.manager, fmt.Sprintf("volta.%s %s", pin.manager, pin.version)})
		}
	}
	return all
}
