package pnpm

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/modules/outcome"
)

var update = flag.Bool("update", false, "write the golden files")

// The outputs in testdata/failures are pnpm's own, of 10.34.9, 11.28.11 and 12.21.0.
func TestFailures(t *testing.T) {
	files, err := filepath.Glob("testdata/failures/*.txt")
	if err != nil || len(files) < 30 {
		t.Fatalf("got %d outputs, %v", len(files), err)
	}
	failed := exec.Command("sh", "-c", "exit 1").Run()
	var got strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		v, err := parseVersion(strings.TrimPrefix(filepath.Ext(name), ".") + ".0.0")
		if err != nil {
			t.Fatal(err)
		}
		fault := fault{Outcome: outcome.Outcome{Err: failed, Output: string(text)}, args: []string{"install"}, version: v}
		fmt.Fprintf(&got, "== %s\n%v\n\n", name, classify(fault))
	}
	const golden = "testdata/failures.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got.String() != string(want) {
		t.Errorf("%v; go test -update writes the file anew; got\n%s", err, got.String())
	}
}

func TestKindsAreRead(t *testing.T) {
	if _, err := parseKinds("[[kind]]\nid = \"a\"\nother = \"b\"\n"); err == nil || !strings.Contains(err.Error(), "other") {
		t.Errorf("an unknown key: got %v", err)
	}
	if _, err := parseKinds("[[kind]]\nwords = \"(\"\n"); err == nil {
		t.Error("words that are no regular expression are read")
	}
	for _, k := range kinds() {
		if k.ID == "" || k.Cause == "" || k.Remedy == "" || len(k.Codes) == 0 && k.Words == "" {
			t.Errorf("%+v lacks something", k)
		}
	}
}
