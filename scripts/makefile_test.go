// Package scripts_test tries what the Makefile and the scripts are relied on
// for.
package scripts_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/target"
)

// parts are the Makefile's variables of prerequisites, and the programs that a
// part is made by or of.
var parts = []struct {
	variable string
	programs []string
}{
	{"SOURCES", []string{"./tools/armature"}},
	{"BUILDPACKS", []string{"./buildpacks/..."}},
	{"STACK_SOURCES", []string{"./tools/stack"}},
	{"LIFECYCLE_SOURCES", []string{"./tools/lifecycle"}},
	{"PACKAGER_SOURCES", []string{"./tools/packager"}},
	{"BUILDER_PARTS", []string{"./tools/builder"}},
	{"CHECK_ELF_SOURCES", []string{"./tools/noderelease"}},
}

// A file that make does not know leaves what is made of it as it was.
func TestMakeKnowsEveryFileThatAProgramIsMadeOf(t *testing.T) {
	for _, part := range parts {
		t.Run(part.variable, func(t *testing.T) {
			known := prerequisites(t, part.variable)
			used := sources(t, part.programs...)
			if len(used) < 5 {
				t.Fatalf("the toolchain names only %q", used)
			}
			for _, file := range append(used, "go.mod", "go.sum") {
				if !slices.Contains(known, file) {
					t.Errorf("%s is no prerequisite, but %s is made of it", file, strings.Join(part.programs, " "))
				}
			}
			for _, file := range known {
				if strings.HasSuffix(file, "_test.go") {
					t.Errorf("%s is a prerequisite, but no program is made of it", file)
				}
			}
		})
	}
}

// prerequisites are the words of a variable of the Makefile.
func prerequisites(t *testing.T, variable string) []string {
	t.Helper()
	cmd := exec.Command("make", "--no-print-directory", "--silent", "--eval", "print-words: ; @printf '%s\\n' $("+variable+")", "print-words")
	cmd.Dir = ".."
	// What a make around the tests says is for its own parts.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "MAKE") || strings.HasPrefix(pair, "MFLAGS=") })
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("make: %v", err)
	}
	return strings.Fields(string(out))
}

// sources are the files of this module that the programs are compiled from for
// any target, what they embed included, by their paths below the module's.
func sources(t *testing.T, programs ...string) []string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, tg := range target.All() {
		cmd := exec.Command("go", append([]string{"list", "-deps", "-json=Dir,Module,GoFiles,SFiles,EmbedFiles,OtherFiles"}, programs...)...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOOS="+tg.OS, "GOARCH="+tg.Arch)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		for list := json.NewDecoder(strings.NewReader(string(out))); ; {
			var pkg struct {
				Dir                                     string
				Module                                  *struct{ Main bool }
				GoFiles, SFiles, EmbedFiles, OtherFiles []string
			}
			err := list.Decode(&pkg)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if pkg.Module == nil || !pkg.Module.Main {
				continue
			}
			for _, file := range slices.Concat(pkg.GoFiles, pkg.SFiles, pkg.EmbedFiles, pkg.OtherFiles) {
				path, err := filepath.Rel(root, filepath.Join(pkg.Dir, file))
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasSuffix(path, "_test.go") {
					files = append(files, path)
				}
			}
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}
