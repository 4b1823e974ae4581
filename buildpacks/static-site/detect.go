package staticsite

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/site"
	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// Detect passes for a static site. It provides nothing, and requires node_modules
// for the build if there is a package.json.
func Detect(env environ.List) packit.DetectFunc {
	return func(context packit.DetectContext) (packit.DetectResult, error) {
		s, err := read(context.WorkingDir, env)
		if err != nil {
			return packit.DetectResult{}, err
		}
		if s.environment.Develops() {
			return packit.DetectResult{}, packit.Fail.WithMessage("no static site: the image is for %s", s.environment)
		}
		switch s.app.Kind {
		case startup.Server:
			return packit.DetectResult{}, packit.Fail.WithMessage("the app has a process of its own: %s", s.app.Processes[0].Evidence)
		case startup.None:
			return packit.DetectResult{}, packit.Fail.WithMessage("no static site: %s", s.nothing())
		}
		var plan packit.BuildPlan
		if s.builds {
			plan.Requires = []packit.BuildPlanRequirement{{Name: buildplan.NodeModules, Metadata: buildplan.Requirement{Build: true}}}
		}
		return packit.DetectResult{Plan: plan}, nil
	}
}

// nothing says what was looked for.
func (s source) nothing() string {
	if !s.builds {
		return fmt.Sprintf("no %s and no %s in %s", packagejson.FileName, site.IndexPage, s.dir)
	}
	return "looked for " + strings.Join(s.app.Looked, "; ")
}

// source is the project that a site comes from.
type source struct {
	root   string // the app's folder
	dir    string // the project's folder, in it
	builds bool   // it has a package.json
	app    startup.App

	environment execenv.Environment
}

// read reads a project. What it is must not depend on what the build makes: the
// build's answer is detection's.
func read(workingDir string, env environ.List) (s source, err error) {
	found, err := project.Find(workingDir, env.Get)
	if err != nil {
		return s, err
	}
	s = source{root: workingDir, dir: found.Dir, builds: true}
	if s.environment, err = execenv.Read(env.Get); err != nil {
		return s, err
	}
	pkg, err := packagejson.Read(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		s.builds = false
	} else if err != nil {
		return s, err
	}
	s.app, err = startup.Decide(startup.Project{
		App: s.root, Dir: s.dir, Package: pkg, HasBun: found.HasBun(workingDir, env.Get), ServesThrough: found.ServesThrough(), Commands: startup.Commands(env),
	}, env.Get)
	return s, err
}
