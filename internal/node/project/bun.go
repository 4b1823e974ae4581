package project

import (
	"github.com/armature-cnb/armature/internal/appfolder/gitfolder"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// HasBun reports whether the image of a project in an app gets Bun, should a process
// call it: Bun is its package manager, which npm-install then provides at launch, too.
// Whatever is wrong with that choice is npm-install's to say.
func (p Project) HasBun(app string, getenv settings.Getenv) bool {
	ignores := func(file string) bool { return gitfolder.IgnoresFile(app, file) != "" }
	choice, err := managerchoice.Choose(managerchoice.Place{App: app, Root: p.Root, Dir: p.Dir, Ignores: ignores}, getenv(managerchoice.Variable))
	return err == nil && choice.Manager == packagemanager.Bun
}
