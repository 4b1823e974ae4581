//go:build linux

package main

import (
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra/doc"
)

var man = flag.String("man", "", "a `FOLDER` for the pages of man(1), for `make man`")

// The man pages are not in the program, which they would make larger.
func TestThePagesForManHaveEveryCommand(t *testing.T) {
	dir := *man
	if dir == "" {
		dir = t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	root := (&program{stdout: io.Discard, stderr: io.Discard}).root()
	root.DisableAutoGenTag = true
	if err := doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "armature"}, dir); err != nil {
		t.Fatal(err)
	}
	for _, c := range documented() {
		page, err := os.ReadFile(dir + "/armature-" + c.Name() + ".1")
		if err != nil || !strings.Contains(string(page), c.Short) {
			t.Errorf("%s: got %s, %v", c.Name(), page, err)
		}
	}
	page, err := os.ReadFile(dir + "/armature-build.1")
	if err != nil || !strings.Contains(string(page), `\fB--platform\fP`) {
		t.Errorf("build: got %s, %v", page, err)
	}
}
