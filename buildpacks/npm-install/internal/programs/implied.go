package programs

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

var (
	// pnpmVersion matches the version of a pnpm-lock.yaml: '9.0', or 5.4.
	pnpmVersion = regexp.MustCompile(`(?m)^lockfileVersion:\s*['"]?(\d+)(?:\.(\d+))?`)
	// yarnVersion matches the version in the metadata of a yarn.lock of Yarn 2 or
	// later.
	yarnVersion = regexp.MustCompile(`(?m)^['"]?__metadata['"]?:\s*\n\s+version:\s*['"]?(\d+)`)
)

// impliedBy returns the range of versions that write the lockfile as it is, or that
// read the configuration; an empty wish without these.
func impliedBy(p managerchoice.Place, choice managerchoice.Choice) (wish, error) {
	if len(choice.Lockfiles) == 0 {
		if choice.Manager == packagemanager.Yarn && tree.Exists(filepath.Join(p.Root, managerchoice.YarnrcYML)) {
			return wish{spec: "4", source: managerchoice.YarnrcYML}, nil
		}
		return wish{}, nil
	}
	lock := choice.Lockfiles[0]
	switch choice.Manager {
	case packagemanager.Bun:
		return wish{spec: "1", source: lock.Name}, nil
	case packagemanager.Yarn:
		if lock.Format == packagemanager.Yarn1 {
			return wish{spec: "1", source: lock.String()}, nil
		}
	case packagemanager.PNPM:
	default:
		return wish{}, nil
	}
	text, err := regular.ReadFile(lock.Path())
	if err != nil {
		return wish{}, fmt.Errorf("reading the lockfile: %w", regular.TooLarge(err))
	}
	if choice.Manager == packagemanager.Yarn {
		return impliedByBerry(lock, text), nil
	}
	return impliedByPNPM(lock, text), nil
}

// impliedByPNPM: pnpm 12 writes two documents into one file where package.json
// pins pnpm. pnpm 9 to 12 write the format 9.0; pnpm 10 reads what each of them
// writes, and asks for no more settings than the app had to have.
func impliedByPNPM(lock packagemanager.Lockfile, text []byte) wish {
	found := pnpmVersion.FindAllSubmatch(text, -1)
	if len(found) == 0 {
		return wish{}
	}
	major, _ := strconv.Atoi(string(found[0][1])) // digits
	version := string(found[0][1]) + "." + string(found[0][2])
	source := fmt.Sprintf("%s, lockfileVersion %s", lock.Name, version)
	switch {
	case len(found) > 1:
		return wish{spec: "12", source: lock.Name + ", which has two documents"}
	case major <= 5:
		return wish{spec: "7", source: source}
	case major == 6:
		return wish{spec: "8", source: source}
	case major == 9:
		return wish{spec: "10", source: source}
	}
	return wish{}
}

// impliedByBerry reads the version in the metadata of the lockfile.
func impliedByBerry(lock packagemanager.Lockfile, text []byte) wish {
	found := yarnVersion.FindSubmatch(text)
	if found == nil {
		return wish{}
	}
	version, _ := strconv.Atoi(string(found[1])) // digits
	source := fmt.Sprintf("%s, __metadata version %d", lock.Name, version)
	switch {
	case version <= 4:
		return wish{spec: "2", source: source}
	case version <= 6:
		return wish{spec: "3", source: source}
	}
	return wish{spec: "4", source: source}
}
