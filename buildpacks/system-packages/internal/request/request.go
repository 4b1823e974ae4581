// Package request reads which Debian packages an app asks for.
package request

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
)

// Variable is the setting that names packages, and File the file of the app that
// does.
const (
	Variable = "BP_APT_PACKAGES"
	File     = "Aptfile"
)

const maxFile = 64 << 10 // bytes

// Package is a package that an app asks for.
type Package struct {
	Name    string
	Version string // an exact one, or empty for the archive's newest
	Where   string // who asks: "BP_APT_PACKAGES" or "Aptfile, line 3"
}

// String is the package as apt's command line has it.
func (p Package) String() string {
	if p.Version == "" {
		return p.Name
	}
	return p.Name + "=" + p.Version
}

// Names and versions follow Debian Policy 5.6.1 and 5.6.12. A name that ends with a
// minus would mean to apt that the package is to go.
var (
	name    = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$`)
	version = regexp.MustCompile(`^[0-9][0-9A-Za-z.+:~-]*$`)
)

// Read returns the packages that the setting and the file of an app name, by name;
// none if neither is there or both are empty.
func Read(dir string, getenv settings.Getenv) ([]Package, error) {
	var all []Package
	for _, word := range strings.FieldsFunc(getenv(Variable), isSeparator) {
		one, err := parse(word, Variable)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	listed, err := readFile(filepath.Join(dir, File))
	if err != nil {
		return nil, err
	}
	return merged(append(all, listed...))
}

func isSeparator(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }

func readFile(path string) ([]Package, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	text, err := regular.Read(root, filepath.Base(path), maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the %s: %w", File, err)
	}
	var all []Package
	for i, line := range strings.Split(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		where := fmt.Sprintf("%s, line %d", File, i+1)
		if line = strings.TrimSpace(line); strings.HasPrefix(line, ":") || strings.Contains(line, "/") {
			return nil, unsupported(where, line)
		}
		for _, word := range strings.Fields(line) {
			one, err := parse(word, where)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

func parse(word, where string) (Package, error) {
	p := Package{Where: where}
	pinned := false
	p.Name, p.Version, pinned = strings.Cut(word, "=")
	if !name.MatchString(p.Name) || pinned && !version.MatchString(p.Version) {
		return p, &failure.Failure{
			ID:     "apt-package-invalid",
			Cause:  fmt.Sprintf("%s has %q, want the name of a Debian package, or name=version", where, word),
			Remedy: "write names such as ffmpeg or ffmpeg=7:7.1.2-0+deb13u1, with blanks or commas between them, and none of an architecture: the packages are the target's.",
		}
	}
	return p, nil
}

// unsupported is the error for lines of an Aptfile that are more than names.
func unsupported(where, line string) error {
	return &failure.Failure{
		ID:     "aptfile-line-unsupported",
		Cause:  fmt.Sprintf("%s has %q, want names of packages: packages come from a signed archive alone", where, line),
		Remedy: "take the line out. In place of a .deb file's address name the package; in place of a :repo: line make a binding of the type apt-sources, with the archive's key.",
	}
}

// merged has every package once, by name.
func merged(all []Package) ([]Package, error) {
	slices.SortStableFunc(all, func(a, b Package) int { return strings.Compare(a.Name, b.Name) })
	var out []Package
	for _, p := range all {
		if len(out) == 0 || out[len(out)-1].Name != p.Name {
			out = append(out, p)
			continue
		}
		last := &out[len(out)-1]
		switch {
		case last.Version == "":
			*last = p
		case p.Version != "" && p.Version != last.Version:
			return nil, &failure.Failure{
				ID:     "apt-package-invalid",
				Cause:  fmt.Sprintf("%s is asked for in two versions: %s (%s) and %s (%s), want one", p.Name, last.Version, last.Where, p.Version, p.Where),
				Remedy: "keep one of the two.",
			}
		}
	}
	return out, nil
}
