// Package tier is for tests alone: it says which of them run where. `go test
// ./...` needs Go and nothing else and takes less than a minute; what needs more
// runs when everything is asked for, as make test does.
package tier

import (
	"os"
	"os/exec"
	"testing"
)

// Variable asks for every test when it is [All].
const (
	Variable = "ARMATURE_TESTS"
	All      = "all"
)

// IsAll reports whether every test is asked for.
func IsAll() bool { return os.Getenv(Variable) == All }

// Beyond leaves a test out unless every test is asked for. What it takes is
// said: "npm and packages from its registry".
func Beyond(t testing.TB, takes string) {
	t.Helper()
	if !IsAll() {
		t.Skipf("left out: it takes %s; make test runs it", takes)
	}
}

// Program is the path of a program that a test runs. The test is left out as by
// [Beyond]; one that every test is asked for, and that does not find its
// program, fails.
func Program(t testing.TB, name string) string {
	t.Helper()
	Beyond(t, name)
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s=%s asks for every test, and this one needs %s: %v", Variable, All, name, err)
	}
	return path
}
