package npmstart

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
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
	root    string // the app's folder
	dir     string // the project's folder, in it
	modules string // the install folder: dir, or the root of its workspaces
	pkg     packagejson.Package
	name    string // of the start script: "start"
	script  string
	pre     string // the script pre<name>, or empty
	post    string // the script post<name>, or empty
	tini    bool
	reload  bool
}

// readStart reads the project. If there is nothing to start, it ends detection,
// see [fail].
func readStart(workingDir string, getenv settings.Getenv) (start, error) {
	found, err := project.Find(workingDir, getenv)
	if err != nil {
		return start{}, err
	}
	s := start{root: workingDir, dir: found.Dir, modules: found.Root, name: defaultScript}
	s.pkg, err = packagejson.Read(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return start{}, packageMissing(s.root, s.dir)
	}
	if err != nil {
		return start{}, err
	}
	chosen := getenv(settings.StartScript)
	if s.script, err = s.pkg.StartScript(chosen); err != nil {
		return start{}, err
	}
	if chosen != "" {
		s.name = chosen
	}
	if strings.TrimSpace(s.script) == "" {
		return start{}, s.scriptMissing()
	}
	s.pre, s.post = s.pkg.Scripts["pre"+s.name], s.pkg.Scripts["post"+s.name]
	return s, s.readModes(getenv)
}

func (s *start) readModes(getenv settings.Getenv) (err error) {
	if s.tini, err = settings.Bool(getenv, tiniVariable, false); err != nil {
		return fmt.Errorf("failed to parse %s value: %w", tiniVariable, err)
	}
	s.reload, err = settings.Bool(getenv, reloadVariable, false)
	return err
}

// script is a script of package.json.
type script struct{ name, text string }

// scripts returns the start script with its hooks, in order.
func (s start) scripts() []script {
	var all []script
	for _, one := range []script{{"pre" + s.name, s.pre}, {s.name, s.script}, {"post" + s.name, s.post}} {
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
			return fmt.Sprintf("%s: the script %s calls %s", packagejson.FileName, one.name, npm)
		}
	}
	return ""
}
