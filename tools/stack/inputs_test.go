package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// What the layer is written with decides on the image as much as the lists do.
func TestAnotherProgramIsAnotherInput(t *testing.T) {
	dir := t.TempDir()
	digest := func(program string, r request) string {
		t.Helper()
		path := filepath.Join(dir, "program")
		if err := os.WriteFile(path, []byte(program), 0o755); err != nil {
			t.Fatal(err)
		}
		inputs, err := inputsTo(path, r)
		if err != nil {
			t.Fatal(err)
		}
		return inputs
	}
	r := request{kind: runKind, target: targets.LinuxARM64}
	first := digest("with one compressor", r)
	if second := digest("with one compressor", r); first != second {
		t.Errorf("the same program: got %s, then %s", first, second)
	}
	for name, other := range map[string]string{
		"another program": digest("with another compressor", r),
		"another kind":    digest("with one compressor", request{kind: tinyKind, target: targets.LinuxARM64}),
		"another target":  digest("with one compressor", request{kind: runKind, target: targets.LinuxAMD64}),
	} {
		if other == first {
			t.Errorf("%s: got the same inputs", name)
		}
	}
}
