// Package tier decides which tests run. `go test ./...` needs only Go and takes
// less than a minute; tests with other needs run only on request, as in make
// test.
package tier

import (
	"os"
	"os/exec"
	"testing"
)

// Variable requests every test if it is [All], and if it is [Sandboxes], besides
// those that need only Go, the ones that make sandboxes.
const (
	Variable  = "ARMATURE_TESTS"
	All       = "all"
	Sandboxes = "sandboxes"
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

// WithSandboxes reports whether tests that make sandboxes are requested.
func WithSandboxes() bool { return IsAll() || os.Getenv(Variable) == Sandboxes }

// Sandbox skips a test that makes sandboxes unless those are requested: it takes
// root, or user namespaces.
func Sandbox(t testing.TB) {
	t.Helper()
	if !WithSandboxes() {
		t.Skipf("left out: it makes sandboxes; make test runs it, and so does %s=%s", Variable, Sandboxes)
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
