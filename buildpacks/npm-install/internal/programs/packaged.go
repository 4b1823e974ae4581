package programs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
)

// orNotPackaged turns the error of a registry that cannot be reached into one that
// names what the buildpack brings along, if it brings anything: a buildpack for builds
// without a network has the newest release of some lines.
func (i *installation) orNotPackaged(p managerreleases.Package, err error) error {
	var unreachable *failure.Failure
	if !errors.As(err, &unreachable) || unreachable.ID != "package-manager-download-failed" {
		return err
	}
	folder := filepath.Join(i.context.CNBPath, baked)
	if entries, missing := os.ReadDir(folder); missing != nil || len(entries) == 0 {
		return err
	}
	has := "none of " + i.Manager
	remedy := "build with the registry within reach."
	if all := i.packaged(folder); len(all) > 0 {
		has = i.Manager + " " + strings.Join(all, ", ")
		remedy = fmt.Sprintf("let packageManager, or %s, name one of these; or %s", Variables[i.Manager], remedy)
	}
	return &failure.Failure{
		ID: "package-manager-not-packaged", Cause: fmt.Sprintf("the buildpack does not bring %s %s, and the registry cannot be reached; it brings %s", p.Name, p.Version, has),
		Remedy: remedy, Err: unreachable.Err,
	}
}

// packaged returns the versions of the manager in a folder of archives, as far as the
// table knows them: the newest first, as in the table.
func (i *installation) packaged(folder string) (all []string) {
	host, err := targets.Host()
	if err != nil {
		return nil
	}
	for _, release := range managerreleases.Known() {
		packages, ok := release.For(host)
		if release.Manager != i.Manager || !ok {
			continue
		}
		for _, p := range packages {
			if _, err := os.Stat(filepath.Join(folder, p.Checksum.FileName())); err != nil {
				ok = false
			}
		}
		if ok {
			all = append(all, release.Version.String())
		}
	}
	return all
}
