// Package tier decides which tests run. `go test ./...` needs only Go and takes
// less than a minute; tests with other needs run only on request, as in make
// test.
package tier

import (
	"os"
	"os/exec"
	"testing"
)

// Variable requests every test if it is [All].
const (
	Variable = "ARMATURE_TESTS"
	All      = "all"
)

// IsAll reports whether every test is requested.
func IsAll() bool { return os.Getenv(Variable) == All }

// Beyond skips a test unless every test is requested. takes names its needs:
// "npm and packages from its registry".
func Beyond(t testing.TB, takes string) {
	t.Helper()
	if !IsAll() {
		t.Skipf("left out: it takes %s; make test runs it", takes)
	}
}

// Program returns the path of a program that a test runs. It skips the test
// like [Beyond]; if every test is requested and the program is missing, the
// test fails.
func Program(t testing.TB, name string) string {
	t.Helper()
	Beyond(t, name)
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s=%s asks for every test, and this one needs %s: %v", Variable, All, name, err)
	}
	return path
}
