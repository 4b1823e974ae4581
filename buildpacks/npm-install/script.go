package npminstall

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// warnOfBlocked warns of install scripts that the policy does not allow: the build
// continues without their output.
func (n npm) warnOfBlocked(scripts []string) {
	if len(scripts) == 0 {
		return
	}
	n.log.Action("WARNING: npm %s has not run install scripts that package.json does not allow:", n.versions.NPM)
	for _, script := range scripts {
		n.log.Detail("%s", script)
	}
	n.log.Action("Where a package needs its script, run `npm install-scripts approve NAME` and commit package.json; `deny` ends this warning.")
}

// explain says why a script failed. It classifies errors of an npm that the script
// called.
func (l *lifecycle) explain(failed installscripts.Failed) error {
	if found := failed.Abandoned(); found != nil {
		return found
	}
	f := fault{Outcome: failed.Outcome, args: []string{"run", failed.Event}, dir: l.project.Dir, npm: l.npm.versions.NPM}
	f.registries = func() []string { return l.npm.registries(l.project.Dir) }
	var inner *failure.Failure
	if errors.As(classify(f.within()), &inner) && inner.ID != unknownFault && inner.ID != scriptFailedID {
		inner.Cause = fmt.Sprintf("%s failed: %s", failed.Script(), inner.Cause)
		return inner
	}
	failed.Output = withoutReport(failed.Output)
	return failed.Failure()
}

// scriptFailedID is the id of a failed script's failure.
const scriptFailedID = "package-script-failed"

var (
	scriptPath    = regexp.MustCompile(`(?m)^path (.+)$`)
	scriptCommand = regexp.MustCompile(`(?m)^command sh -c (?:-- )?(.+)$`)
)

// script returns the script that failed within npm itself, if any: of a git package
// that npm packs, or of what a script lets npm install.
func (f fault) script() (installscripts.Failed, bool) {
	report := f.report()
	command := scriptCommand.FindStringSubmatch(report)
	if command == nil {
		return installscripts.Failed{}, false
	}
	found := installscripts.Failed{Command: command[1], Outcome: f.Outcome}
	found.Output = withoutReport(f.Output)
	if path := scriptPath.FindStringSubmatch(report); path != nil {
		found.Package = packageIn(f.dir, path[1])
		found.Event = nameOf(path[1], found.Command)
	}
	return found, true
}

// packageIn returns the package in a folder, for a message.
func packageIn(project, dir string) installscripts.Package {
	const marker = "/" + nodemodules.Dir + "/"
	if i := strings.LastIndex(dir, marker); i >= 0 {
		return installscripts.Package{Package: deps.Package{Path: dir[i+1:]}}
	}
	rel, err := filepath.Rel(project, dir)
	if err != nil || rel == "." {
		rel = ""
	}
	return installscripts.Package{Package: deps.Package{Path: rel}, Linked: true}
}

// nameOf returns the name of the only install script in a folder's package.json
// with a command; "" if there is none, or more than one.
func nameOf(dir, command string) string {
	pkg, err := packagejson.Read(dir)
	if err != nil {
		return ""
	}
	named := slices.DeleteFunc(slices.Clone(installScripts), func(name string) bool {
		return strings.TrimSpace(pkg.Scripts[name]) != strings.TrimSpace(command)
	})
	if len(named) != 1 {
		return ""
	}
	return named[0]
}
