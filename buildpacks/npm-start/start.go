package npmstart

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// Variables, see buildpack.toml.
const (
	tiniVariable   = "BP_LAUNCH_WITH_TINI"
	reloadVariable = "BP_LIVE_RELOAD_ENABLED"
)

// defaultScript is the default start script.
const defaultScript = "start"

// start is the project to start.
type start struct {
	root      string // the app's folder
	dir       string // the project's folder, in it
	modules   string // the install folder: dir, or the root of its workspaces
	workspace string // why a workspace is the project, if no setting says so
	execEnv   execenv.Environment
	pkg       packagejson.Package
	app       startup.App
	kept      []string        // packages for development that it needs
	web       startup.Process // the default process; the zero value without any
	hasBun    bool            // its package manager is Bun
	serves    bool            // a workspace that it depends on has a library for servers
	tini      bool
	reload    bool
	health    string // the path for health checks; empty without any
}

// readProject reads the project. A project without a package.json
// ends detection, see [fail].
func readProject(workingDir string, env environ.List) (s start, err error) {
	found, err := project.Find(workingDir, env.Get)
	if err != nil {
		return start{}, err
	}
	s = start{root: workingDir, dir: found.Dir, modules: found.Root, workspace: found.Chosen}
	if s.execEnv, err = execenv.Read(env.Get); err != nil {
		return start{}, err
	}
	s.pkg, err = packagejson.Read(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return start{}, packageMissing(s.root, s.dir)
	}
	if err != nil {
		return start{}, err
	}
	if _, err = s.pkg.StartScript(env.Get(settings.StartScript)); err != nil {
		return start{}, err
	}
	s.hasBun, s.serves = found.HasBun(workingDir, env.Get), found.ServesThrough()
	if !s.execEnv.Develops() {
		s.kept = startup.Kept(s.question(env), env.Get)
	}
	return s, nil
}

func (s *start) readModes(getenv settings.Getenv) (err error) {
	if s.tini, err = settings.Bool(getenv, tiniVariable, false); err != nil {
		return fmt.Errorf("failed to parse %s value: %w", tiniVariable, err)
	}
	s.reload, err = settings.Bool(getenv, reloadVariable, false)
	return err
}

// question is the question how the project starts, before the build.
func (s start) question(env environ.List) startup.Project {
	return startup.Project{App: s.root, Dir: s.dir, Package: s.pkg, HasBun: s.hasBun, ServesThrough: s.serves, Commands: startup.Commands(env)}
}

// decide finds out how the project starts. It is a [failure.Failure] if nothing
// starts it, and [errStatic] for a static site.
func (s *start) decide(question startup.Project, env environ.List) (err error) {
	if s.execEnv.Develops() {
		s.web, err = startup.ForEnvironment(question, s.execEnv, env.Get)
		s.app = startup.App{Kind: startup.Server, Processes: []startup.Process{s.web}}
		return err
	}
	if s.app, err = startup.Decide(question, env.Get); err != nil {
		return err
	}
	switch s.app.Kind {
	case startup.Static:
		return errStatic
	case startup.None:
		return s.nothingStarts(env.Get)
	}
	s.web = s.app.Processes[0]
	return nil
}

// errStatic is the error for a project that is a static site.
var errStatic = errors.New("it is a static site, which another buildpack serves")

// script is a script of package.json, or the command of a process.
type script struct {
	name    string // of the script; or of the process
	process bool
	text    string
}

// String names the script in a message.
func (s script) String() string {
	if s.process {
		return "the process " + s.name
	}
	return "the script " + s.name
}

// where names the script with its file.
func (s script) where() string {
	if s.process {
		return s.String()
	}
	return fmt.Sprintf("%s of %s", s, packagejson.FileName)
}

// scripts returns what the processes run, with the hooks of scripts, in order.
func (s start) scripts() (all []script) {
	for _, p := range s.app.Processes {
		all = append(all, scriptsOf(p)...)
	}
	return all
}

func scriptsOf(p startup.Process) (all []script) {
	if p.Script == "" {
		return []script{{p.Type, true, p.Command}}
	}
	for _, one := range []script{{"pre" + p.Script, false, p.Pre}, {p.Script, false, p.Command}, {"post" + p.Script, false, p.Post}} {
		if one.text != "" {
			all = append(all, one)
		}
	}
	return all
}

// npmReason says which script calls npm or npx, or what needs npm, or "" if
// nothing does.
func (s start) npmReason() string {
	for _, one := range s.scripts() {
		if npm, calls := needsNPM(one.text); calls {
			if one.process {
				return fmt.Sprintf("%s calls %s", one, npm)
			}
			return fmt.Sprintf("%s: %s calls %s", packagejson.FileName, one, npm)
		}
	}
	return ""
}
