package npmstart

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// doubt is the reason why a command probably cannot run: the buildpacks find
// something that it needs nowhere in the app image. It is only a warning, because
// a run image or a later buildpack may have it.
type doubt struct {
	format string // of the warning, with its id, a placeholder for the script's name with why, and one for fix
	why    string // "calls bun, which …"
	fix    string // in the imperative
	// made means that a command before it could make what is missing.
	made bool
}

// warning returns the sentence for the developer.
func (f fate) warning() string {
	return fmt.Sprintf(f.doubt.format, f.sentence(f.doubt.why), f.doubt.fix)
}

// afterOthers is the fate of a command after others, which may make the file that
// it needs.
func (f fate) afterOthers() fate {
	if f.doubt != nil && f.doubt.made {
		return fate{kind: f.kind}
	}
	return f
}

// isBrought reports whether a package of the app may provide something. An app
// without modules and dependencies has no such package.
func (o oracle) isBrought(answer presence) bool {
	hasNone := len(o.places) == 0 && len(o.pkg.Dependencies) == 0 && len(o.pkg.OptionalDependencies) == 0
	return answer == present || answer == unknown && !hasNone
}

// doubtOfProgram doubts a program that no module and no layer provides.
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

// doubtOfModule doubts a missing module that node is to preload.
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

// doubtOfFile doubts a file for node that is missing in the app's folder after
// the build.
func (o oracle) doubtOfFile(file string) fate {
	if !isPlain(file) || o.hasFile(file) {
		return fate{}
	}
	return o.withoutFile(file)
}

// isPlain reports whether a script names a file of the app as it is.
func isPlain(file string) bool {
	return !path.IsAbs(file) && !strings.ContainsAny(file, "$*?`:") && !strings.Contains(path.Clean(file), "..")
}

// withoutFile is the fate of a command whose file is missing.
func (o oracle) withoutFile(file string) fate {
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
