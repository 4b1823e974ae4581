package npminstall

import (
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/bun"
	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/pnpm"
	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/yarn"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
	"github.com/armature-cnb/armature/internal/node/project"
)

// installers make the implementations of the package managers other than npm, by
// their names.
var installers = map[string]func(environ.List, scribe.Emitter, programs.Request) modules.Manager{
	packagemanager.PNPM: pnpm.New,
	packagemanager.Yarn: yarn.New,
	packagemanager.Bun:  bun.New,
}

// managerFor chooses the package manager of the project in an app, and returns its
// implementation.
func managerFor(env environ.List, log scribe.Emitter, app string) (modules.Manager, error) {
	found, err := project.Find(app, env.Get)
	if err != nil {
		return nil, err
	}
	choice, err := choose(env, found, app)
	if err != nil {
		return nil, err
	}
	if choice.Manager == packagemanager.NPM {
		return &manager{env: env, log: log, choice: choice}, nil
	}
	request, err := programs.Choose(env, placeOf(found, app), choice)
	if err != nil {
		return nil, err
	}
	return chosen{Manager: installers[choice.Manager](env, log, request), log: log, choice: choice}, nil
}

// chosen is a manager that first says why it is the one.
type chosen struct {
	modules.Manager
	log    scribe.Emitter
	choice managerchoice.Choice
}

// Describe logs what decides on the manager, and then what the manager says.
func (c chosen) Describe() error {
	c.log.Process("Installing with %s (%s)", c.choice.Manager, c.choice.Evidence)
	for _, one := range c.choice.Ignored {
		c.log.Subprocess("WARNING: %s, which is %s's, does not count", one.Text, one.Manager)
	}
	c.log.Break()
	return c.Manager.Describe()
}
