package yarn

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/modules/outcome"
)

var update = flag.Bool("update", false, "write the expected texts of testdata/failures")

// What Yarn says about a failure (testdata/failures/NAME.txt, recorded) becomes what
// a developer reads (NAME.golden).
func TestFailures(t *testing.T) {
	recorded, err := filepath.Glob("testdata/failures/*.txt")
	if err != nil || len(recorded) < 20 {
		t.Fatalf("got %d recorded failures, %v", len(recorded), err)
	}
	ended := exec.Command("sh", "-c", "exit 1").Run()
	for _, file := range recorded {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			output, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			classic := strings.HasPrefix(name, "yarn1")
			got := explain("yarn install --immutable", outcome.Outcome{Err: ended, Output: string(output)}, classic).Error() + "\n"
			golden := strings.TrimSuffix(file, ".txt") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || got != string(want) {
				t.Errorf("got %s\nwant %s (%v)", got, want, err)
			}
		})
	}
}

// Every kind has an expression that some program prints, and each is valid.
func TestKindsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range kinds() {
		if k.ID == "" || k.Cause == "" || k.Remedy == "" || len(k.Classic)+len(k.Berry) == 0 || seen[k.ID] {
			t.Errorf("got %+v", k)
		}
		seen[k.ID] = true
		for _, classic := range []bool{true, false} {
			k.lineOf("", classic)
			if _, found := k.lineOf("warning nothing\n", classic); found {
				t.Errorf("%s matches any line", k.ID)
			}
		}
	}
	if _, err := outcome.ParseKinds[kind]("[[kind]]\nids = 'x'\n"); err == nil || !strings.Contains(err.Error(), "kind.ids") {
		t.Errorf("an unknown key: got %v", err)
	}
}

// A fault that Yarn gets over is not the cause of a later one.
func TestWhatYarnTriesAgainIsNoCause(t *testing.T) {
	ended := exec.Command("sh", "-c", "exit 3").Run()
	err := explain("yarn install", outcome.Outcome{Err: ended, Output: "info ECONNRESET, trying again\nwarning ENOTFOUND\nerror Something else.\n"}, true)
	if got := err.Error(); !strings.Contains(got, "[yarn-failed] yarn install failed with exit status 3: Something else\n") {
		t.Errorf("got %s", got)
	}
}
