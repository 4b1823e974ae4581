// Package scripts_test tests the Makefile and the scripts.
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
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// parts are the Makefile's variables of prerequisites, and the programs that a
// part is made by or of.
var parts = []struct {
	variable string
	programs []string
}{
	{"SOURCES", []string{"./cmd/armature"}},
	{"BUILDPACKS", []string{"./buildpacks/..."}},
	{"STACK_SOURCES", []string{"./tools/stack"}},
	{"LIFECYCLE_SOURCES", []string{"./tools/lifecycle"}},
	{"PACKAGER_SOURCES", []string{"./tools/packager"}},
	{"BUILDER_PARTS", []string{"./tools/builder"}},
	{"CHECK_ELF_SOURCES", []string{"./tools/noderelease"}},
}

// If make does not know a file, a change of it rebuilds nothing.
func TestMakeKnowsEveryFileThatAProgramIsMadeOf(t *testing.T) {
	tier.Program(t, "make")
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

// A program's version, and the hosts of a builder's index, are not in file
// names.
func TestMakeKnowsVariablesThatNamesDoNotSay(t *testing.T) {
	tier.Program(t, "make")
	makefile, err := filepath.Abs("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	value := func(variable string, settings ...string) (string, time.Time) {
		t.Helper()
		cmd := exec.Command("make", append([]string{"--no-print-directory", "--silent", "-C", dir, "-f", makefile, "help"}, settings...)...)
		cmd.Env = environment()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("make: %v\n%s", err, out)
		}
		path := filepath.Join(dir, "build/settings", variable)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text)), info.ModTime()
	}
	for _, tc := range []struct{ variable, first, second string }{
		{"VERSION", "1.0.0", "2.0.0"},
		{"HOSTS", "linux/amd64", "linux/amd64,linux/arm64"},
	} {
		t.Run(tc.variable, func(t *testing.T) {
			got, made := value(tc.variable, tc.variable+"="+tc.first)
			if got != tc.first {
				t.Errorf("got %q, want %q", got, tc.first)
			}
			if _, again := value(tc.variable, tc.variable+"="+tc.first); !again.Equal(made) {
				t.Errorf("the file is written again, though the value is the same")
			}
			if got, later := value(tc.variable, tc.variable+"="+tc.second); got != tc.second || !later.After(made) {
				t.Errorf("got %q at %s, want %q later than %s", got, later, tc.second, made)
			}
		})
	}
	for target, setting := range map[string]string{"bin/armature": "VERSION", "bin/armature-linux-%": "VERSION", "$(BUILDER)/linux-$(1)/index.json": "HOSTS"} {
		text, err := os.ReadFile(makefile)
		if err != nil {
			t.Fatal(err)
		}
		_, rule, found := strings.Cut(string(text), "\n"+target+": ")
		rule, _, _ = strings.Cut(rule, "\n")
		if !found || !strings.Contains(rule, "$(call setting,"+setting+")") {
			t.Errorf("%s: got the prerequisites %q, want those with the setting %s", target, rule, setting)
		}
	}
}

// environment returns this environment without the variables of an outer make.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return strings.HasPrefix(name, "MAKE") || slices.Contains([]string{"MFLAGS", "VERSION", "HOSTS", "ARCHIVES", "PLATFORM", "OFFLINE"}, name)
	})
}

// prerequisites are the words of a variable of the Makefile.
func prerequisites(t *testing.T, variable string) []string {
	t.Helper()
	cmd := exec.Command("make", "--no-print-directory", "--silent", "--eval", "print-words: ; @printf '%s\\n' $("+variable+")", "print-words")
	cmd.Dir, cmd.Env = "..", environment()
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
	for _, tg := range targets.All() {
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
