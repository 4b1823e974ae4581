package npmstart

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// doubt is why a command that may run most likely does not: what it needs is
// not among what the buildpacks know of the app image. It is a warning, because
// a run image or a later buildpack can bring what is missing.
type doubt struct {
	format string // of the warning, with its id: for why behind the name of a script, and fix
	why    string // "calls bun, which …"
	fix    string // in the imperative
	// made says that what runs before it could bring what is missing.
	made bool
}

// warning is the sentence for the developer.
func (f fate) warning() string {
	return fmt.Sprintf(f.doubt.format, f.sentence(f.doubt.why), f.doubt.fix)
}

// afterOthers is the fate of a command that runs behind others, which may make
// the file that it needs.
func (f fate) afterOthers() fate {
	if f.doubt != nil && f.doubt.made {
		return fate{kind: f.kind}
	}
	return f
}

// isBrought says whether a package of the app may bring what is looked for. One
// without any module and dependency has none that does.
func (o oracle) isBrought(answer presence) bool {
	hasNone := len(o.places) == 0 && len(o.pkg.Dependencies) == 0 && len(o.pkg.OptionalDependencies) == 0
	return answer == present || answer == unknown && !hasNone
}

// doubtOfProgram doubts a program that no module and no layer brings.
func (o oracle) doubtOfProgram(program string) fate {
	if o.isBrought(o.command(program)) {
		return fate{}
	}
	return fate{doubt: &doubt{
		format: "[start-program-unknown] %s. To fix it: %s.",
		why:    fmt.Sprintf("calls %s, which no package of the app brings: it starts only where the run image has that program", program),
		fix:    fmt.Sprintf("put the package that has %s under dependencies, or build with a run image that has it", program),
	}}
}

// doubtOfModule doubts what node is to load first and no module brings.
func (o oracle) doubtOfModule(name, pkg string) fate {
	if o.isBrought(o.module(pkg)) {
		return fate{}
	}
	return fate{doubt: &doubt{
		format: "[start-module-unknown] %s. To fix it: %s.",
		why:    fmt.Sprintf("loads %s, which no package of the app brings", name),
		fix:    fmt.Sprintf("put %s under dependencies", pkg),
	}}
}

// doubtOfFile doubts a file that node is to run and that is not in the app's
// folder when everything is built.
func (o oracle) doubtOfFile(file string) fate {
	if path.IsAbs(file) || strings.ContainsAny(file, "$*?`:") || strings.Contains(path.Clean(file), "..") || o.hasFile(file) {
		return fate{}
	}
	fix := "correct the name, or let the script build make the file, or one that BP_NODE_RUN_SCRIPTS names"
	if scripts := o.pkg.Scripts; strings.TrimSpace(scripts["build"]) != "" {
		fix = "correct the name, or let the script build make the file"
	}
	return fate{doubt: &doubt{
		format: "[start-file-missing] %s. To fix it: %s.",
		why:    fmt.Sprintf("starts %s, which is not in the app's folder when the image is made", file),
		fix:    fix + "; .dockerignore and exclude of project.toml leave files out, too",
		made:   true,
	}}
}

// hasFile says whether node finds a file by its name, which may lack its end,
// or be that of a folder.
func (o oracle) hasFile(file string) bool {
	for _, end := range []string{"", ".js", ".json", ".node"} {
		if _, err := os.Lstat(filepath.Join(o.dir, file+end)); err == nil {
			return true
		}
	}
	return strings.HasPrefix(path.Clean(file), nodemodules.Dir+"/")
}
