package npmstart_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sclevine/spec"
	"github.com/sclevine/spec/report"
)

func TestNPMStart(t *testing.T) {
	suite := spec.New("npm-start", spec.Report(report.Terminal{}))
	suite("Detect", testDetect)
	suite("Build", testBuild)
	suite("Run image", testRunImage)
	suite("Start check", testStartCheck)
	suite("Given", testGiven)
	suite("Warnings", testWarnings)
	suite.Run(t)
}

// getter reads from a map as os.Getenv does from the environment.
func getter(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
