package scripts_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/testing/tier"
)

// What a test needs that make makes: the packaged npm and Node.js, the packages, the
// stack's images, pack.
var needsParts = regexp.MustCompile(`(LookPath|Program|Command)\(([a-zA-Z.()]+, )?"(npm|npx|node)"|"ARMATURE_PACKAGES"|build/bin/pack|\.\./build/stack|"build", "stack"`)

// A package whose tests need something that make makes is not among those that
// run while make makes it.
func TestPackagesThatNeedPartsAreInTheSecondPart(t *testing.T) {
	text, err := os.ReadFile("unit.sh")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\nsecond='")
	pattern, _, found := strings.Cut(rest, "'\n")
	if !found {
		t.Fatal("unit.sh has no line second='…'")
	}
	second, err := regexp.CompilePOSIX(pattern)
	if err != nil {
		t.Fatal(err)
	}
	inSecond := 0
	for _, dir := range []string{"buildpacks", "cmd", "internal", "platform", "stack", "tools"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			folder := filepath.Dir(strings.TrimPrefix(path, ".."))
			if second.MatchString("/armature" + folder) {
				inSecond++
			} else if need := needsParts.Find(text); need != nil {
				t.Errorf("%s has %s, and %s is not in the second part of unit.sh", path, need, folder)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if inSecond < 50 {
		t.Errorf("got %d files in the second part, want all of npm-install's at least", inSecond)
	}
}

// make test says how long each stage took, and ends as the one that failed.
func TestStagesSayHowLongTheyTook(t *testing.T) {
	tier.Program(t, "make")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Makefile"), []byte("one: ; @echo first\ntwo: ; @false\nthree: ; @echo third\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("stages.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		stages []string
		status int
		want   string
	}{
		{[]string{"one", "three"}, 0, `^first\nthird\n  one +\d+ s\n  three +\d+ s\n$`},
		{[]string{"one", "two", "three"}, 2, `(?s)^first\n.*\n  one +\d+ s\n  two +\d+ s\n$`},
	} {
		cmd := exec.Command("sh", append([]string{script, "make"}, tc.stages...)...)
		cmd.Dir, cmd.Env = dir, environment()
		out, _ := cmd.CombinedOutput()
		if status := cmd.ProcessState.ExitCode(); status != tc.status || !regexp.MustCompile(tc.want).Match(out) {
			t.Errorf("%v: got status %d, want %d and %s in\n%s", tc.stages, status, tc.status, tc.want, out)
		}
	}
}
