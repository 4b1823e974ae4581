package npmstart_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sclevine/spec"
	"github.com/sclevine/spec/report"

	"github.com/armature-cnb/armature/internal/environ"
)

func TestNPMStart(t *testing.T) {
	suite := spec.New("npm-start", spec.Report(report.Terminal{}))
	suite("Detect", testDetect)
	suite("Build", testBuild)
	suite("Processes", testProcesses)
	suite("Port", testPort)
	suite("Tini", testTini)
	suite("Reload", testReload)
	suite("Supervisor layer", testSupervisorLayer)
	suite("Run image", testRunImage)
	suite("Start check", testStartCheck)
	suite("Start modules", testStartModules)
	suite("Given", testGiven)
	suite("Warnings", testWarnings)
	suite("Environments", testEnvironments)
	suite.Run(t)
}

// environOf is an environment with the variables of a map, and more of them as
// "NAME=value".
func environOf(env map[string]string, more ...string) environ.List {
	list := environ.List(more)
	for name, value := range env {
		list = list.With(name, value)
	}
	return list
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
