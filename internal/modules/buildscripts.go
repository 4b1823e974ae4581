package npminstall

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// scriptsVariable names the scripts of package.json that make the app out of
// its sources, with commas between; the word none is for none at all.
const scriptsVariable = "BP_NODE_RUN_SCRIPTS"

const (
	defaultScript = "build"
	noScripts     = "none"
)

// buildScripts returns the names of the scripts to run, in their order: those
// that BP_NODE_RUN_SCRIPTS names, or build where there is one. One that does
// not exist is a [failure.Failure] with the id build-script-missing.
func buildScripts(env environ.List, pkg packagejson.Package) ([]string, error) {
	names, err := settings.Names(env.Get, scriptsVariable)
	if err != nil {
		return nil, err
	}
	existing := pkg.ScriptNames()
	if len(names) == 0 && slices.Contains(existing, defaultScript) {
		return []string{defaultScript}, nil
	}
	if len(names) == 1 && names[0] == noScripts {
		return nil, nil
	}
	for _, name := range names {
		if !slices.Contains(existing, name) {
			return nil, &failure.Failure{
				ID:    "build-script-missing",
				Cause: fmt.Sprintf("%s names the script %q, which %s does not have", scriptsVariable, name, packagejson.FileName),
				Remedy: fmt.Sprintf("set it to some of the scripts there (%s), with commas between; to %s for none; or leave it unset for %s.",
					pkg.DescribeScripts(), noScripts, defaultScript),
			}
		}
	}
	return names, nil
}

// buildScript is one script that is to be run.
type buildScript struct {
	folder string // relative to the folder that is installed in
	pkg    packagejson.Package
	name   string
}

// planScripts returns the scripts to run. For a workspace those called build
// of the workspaces that it depends on come first, each after those that it
// depends on itself.
func (b *build) planScripts() ([]buildScript, error) {
	names, err := buildScripts(b.env, b.pkg)
	if err != nil || b.env.Get(scriptsVariable) == noScripts {
		return nil, err
	}
	closure, _, err := b.closure(true)
	if err != nil {
		return nil, err
	}
	var all []buildScript
	for _, folder := range closure.Folders {
		pkg, err := packagejson.Read(filepath.Join(b.dir, folder))
		if errors.Is(err, fs.ErrNotExist) || folder == b.workspace {
			continue
		}
		if err != nil {
			return nil, err
		}
		if slices.Contains(pkg.ScriptNames(), defaultScript) {
			all = append(all, buildScript{folder, pkg, defaultScript})
		}
	}
	for _, name := range names {
		all = append(all, buildScript{b.workspace, b.pkg, name})
	}
	return all, nil
}

// willRunScripts tells whether there are scripts to run. A build script that nobody named is left out where
// the app brings its modules along without those for development: it was run
// before.
func (b *build) willRunScripts() (bool, error) {
	if len(b.scripts) == 0 {
		return false, nil
	}
	if b.process != processRebuild || b.env.Get(scriptsVariable) != "" {
		return true, nil
	}
	f, err := b.npm.with("NPM_CONFIG_LOGLEVEL", "error").execute(b.dir, "list", "--include=dev")
	if err != nil || f == nil || len(f.unmet()) == 0 {
		return err == nil, err
	}
	b.log.Process("WARNING: not running the script %s: the vendored %s lack dependencies for development%s",
		defaultScript, nodemodules.Dir, strings.ReplaceAll(failure.List(f.unmet()), "%", "%%"))
	b.log.Subprocess("Delete %s from the app to have all installed, or set %s=%s to end this warning.", nodemodules.Dir, scriptsVariable, noScripts)
	b.log.Break()
	return false, nil
}

// scriptNPM is the npm that runs the scripts: with the NODE_ENV of the build,
// for the host. An npm that a script calls in turn, say for a client in a
// folder of the app, installs devDependencies too, although NODE_ENV is
// production; what the user has set about that is kept.
func (b *build) scriptNPM() npm {
	if choosesDependencies(b.env) {
		return b.npm
	}
	return b.npm.config("include", "dev")
}

// runScripts runs the scripts, where node_modules has all dependencies.
func (b *build) runScripts() error {
	source := scriptsVariable
	if b.env.Get(scriptsVariable) == "" {
		source = packagejson.FileName
	}
	var names []string
	for _, script := range b.scripts {
		names = append(names, script.String())
	}
	b.log.Process("Executing build scripts: %s (%s)", strings.Join(names, ", "), source)
	for _, script := range b.scripts {
		f, err := b.scriptNPM().execute(filepath.Join(b.dir, script.folder), "run", script.name)
		if err != nil {
			return err
		}
		if f != nil {
			return script.failure(*f)
		}
	}
	return nil
}

// String is the script's name, of a workspace's with the folder.
func (s buildScript) String() string {
	if s.folder == "" {
		return s.name
	}
	return s.name + " of " + s.folder
}

// What the output of a script says of its end: a shell's complaint, and the
// lines by which npm announces what it runs.
var (
	missingCommand = regexp.MustCompile(`(?m)^(?:npm (?:error|ERR!) )?(?:\S*/)?(?:(?:ba|da)?sh: (?:\d+: |line \d+: )?(\S+): (?:command )?not found|env: [‘'"]?([^\s’'":]+)[’'"]?: No such file)`)
	announcement   = regexp.MustCompile(`(?m)^> (?:.* )?(\S+)\r?\n> `)
	// From npm 12 on it is a notice, which only npm's debug log has here.
	noticed = regexp.MustCompile(`(?m)^\d+ notice run (?:.* )?(\S+)$`)
)

// Exit statuses of a shell: for a command that it does not find, and for one
// that was killed.
const (
	missingStatus = 127
	killedStatus  = 128 + 9
)

// failure says how the script failed. What an npm that the script called
// complains of is classified as elsewhere.
func (s buildScript) failure(f fault) error {
	ran := lastAnnounced(s.name, f)
	where := fmt.Sprintf("the build script %s failed", s)
	if ran != s.name {
		where = fmt.Sprintf("the hook %s of the build script %s failed", ran, s)
	}
	end := fmt.Sprintf("%s: `%s` ended with %s", where, s.pkg.Scripts[ran], f.end())
	if command := f.missingCommand(); command != "" {
		return &failure.Failure{
			ID:    "build-script-command-missing",
			Cause: fmt.Sprintf("%s: there is no command %s", end, command),
			Remedy: fmt.Sprintf("add the package that has it: `npm install --save-dev PACKAGE`, and commit %s and the lockfile. "+
				"Where the app needs no build, set %s=%s.", packagejson.FileName, scriptsVariable, noScripts),
		}
	}
	var inner *failure.Failure
	if errors.As(classify(f.within()), &inner) && inner.ID != unknownFault {
		inner.Cause = where + ": " + inner.Cause
		return inner
	}
	for _, known := range symptoms {
		if found, ok := known.in(f.output); ok {
			found.Cause = end + ": " + found.Cause
			return &found
		}
	}
	remedy := "its output above says why; `npm run " + s.name + "` in the package's folder, after `npm ci`, should say the same. "
	if f.killed() {
		remedy = "a machine that runs out of memory kills what takes most of it: give the build more. "
	}
	return &failure.Failure{
		ID:     "build-script-failed",
		Cause:  end,
		Remedy: remedy + fmt.Sprintf("%s names other scripts to run, and %s=%s runs none.", scriptsVariable, scriptsVariable, noScripts),
	}
}

// missingCommand is the command that a shell, or env, did not find, when that is
// why the script ended; or empty.
func (f fault) missingCommand() string {
	found := missingCommand.FindAllStringSubmatch(f.output, -1)
	if found == nil || f.exitCode() != missingStatus {
		return ""
	}
	last := found[len(found)-1]
	return last[1] + last[2]
}

// within is the fault without npm's own report on it, which a script of a
// workspace gets and another one does not.
func (f fault) within() fault {
	f.debug = ""
	if i := strings.LastIndex(f.output, " Lifecycle script `"); i >= 0 {
		f.output = f.output[:strings.LastIndexByte(f.output[:i], '\n')+1]
	}
	return f
}

// lastAnnounced is which of the script and its hooks ran last, as far as npm
// says so.
func lastAnnounced(name string, f fault) string {
	last := name
	announced := append(announcement.FindAllStringSubmatch(f.output, -1), noticed.FindAllStringSubmatch(f.debug, -1)...)
	for _, found := range announced {
		if slices.Contains([]string{"pre" + name, name, "post" + name}, found[1]) {
			last = found[1]
		}
	}
	return last
}

// end says how the process ended: "exit status 2", "signal: killed".
func (f fault) end() string {
	if exit, ok := f.err.(*exec.ExitError); ok {
		return exit.String()
	}
	return f.err.Error()
}

func (f fault) killed() bool {
	return f.exitCode() == killedStatus || f.end() == "signal: killed"
}
