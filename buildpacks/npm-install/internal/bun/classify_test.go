package bun

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/outcome"
)

var update = flag.Bool("update", false, "write the expected errors of testdata/failures")

// exited is the error of a program that ends with a status.
func exited(t *testing.T, status string) error {
	t.Helper()
	err := exec.Command("sh", "-c", "exit "+status).Run()
	if err == nil {
		t.Fatal("want a status other than 0")
	}
	return err
}

// The output of real failures becomes the error beside it.
func TestFailures(t *testing.T) {
	outputs, err := filepath.Glob("testdata/failures/*.output")
	if err != nil || len(outputs) < 20 {
		t.Fatalf("got %d outputs, %v", len(outputs), err)
	}
	for _, file := range outputs {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := classify(fault{Outcome: outcome.Outcome{Err: exited(t, "1"), Output: string(text)}, args: []string{"install"}}).Error() + "\n"
			golden := strings.TrimSuffix(file, "output") + "error"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if strings.Contains(got, unknownFault) {
				t.Errorf("a failure that was recorded is of no kind:\n%s", got)
			}
		})
	}
}

func TestClassify(t *testing.T) {
	for _, row := range []struct{ name, output, status, id, says string }{
		{"words that nobody knows", "bun install v1.4.5\nerror: the moon is full\n", "1", "bun-failed", "bun install failed: the moon is full"},
		{"no words", "", "3", "bun-failed", "exit status 3"},
		{"killed", "bun install v1.4.5\n", "137", "out-of-memory", "killed"},
		{"a full disk", "error: No space left on device\n", "1", "disk-full", "disk is full"},
		{"a password in an address", "error: GET https://user:secret@example.com/a - 403\n", "1", "npm-registry-forbidden", "https://example.com/a"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := classify(fault{Outcome: outcome.Outcome{Err: exited(t, row.status), Output: row.output}, args: []string{"install"}})
			if !errors.Is(err, &failure.Failure{ID: row.id}) || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %s with %q", err, row.id, row.says)
			}
		})
	}
}

func TestKindsAreRead(t *testing.T) {
	for _, text := range []string{"[[kind]]\nsaid = '('\n", "[[kind]]\nremedi = ''\n", "["} {
		if all, err := parseKinds(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, all)
		}
	}
}
