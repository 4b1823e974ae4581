package bun

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

const lock = `{"lockfileVersion":1,"workspaces":{"":{"name":"app","dependencies":{"a":"1.0.0"}}},"packages":{"a":["a@1.0.0","",{},"sha512-YWJj"]}}`

// Bun's lockfile does not say which packages have install scripts.
func TestEveryPackageMayHaveScripts(t *testing.T) {
	m := inApp(t, map[string]string{"package.json": `{"name":"app"}`, "bun.lock": lock})
	graph, found, err := m.ReadLock(m.project.Dir)
	if err != nil || !found || len(graph.Packages) != 1 || !graph.Packages[0].HasInstallScript {
		t.Errorf("got %+v, %t, %v", graph.Packages, found, err)
	}
}

func TestABunThatDoesNotReadTheLockfile(t *testing.T) {
	for _, tc := range []struct {
		version, lock string
		fails         bool
	}{
		{"1.1.38", lock, true}, {"1.0.0", lock, true}, {"1.1.39", lock, false}, {"1.4.5", lock, false}, {"1.1.38", "", false},
	} {
		m := inApp(t, map[string]string{"package.json": `{"name":"app"}`})
		m.request.Version, m.request.Source = tc.version, "packageManager of package.json"
		if tc.lock != "" {
			m.project.Lock.File = "bun.lock"
		}
		_, err := m.Inspect(m.project)
		if got := errors.Is(err, &failure.Failure{ID: "package-manager-too-old"}); got != tc.fails || err != nil != tc.fails {
			t.Errorf("Bun %s with the lockfile %q: got %v", tc.version, tc.lock, err)
		}
	}
}

// A call of Bun has the binding's login, and leaves no file with it behind.
func TestTheLoginOfABindingIsRemoved(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	m := inApp(t, map[string]string{"package.json": `{"name":"app"}`})
	program := filepath.Join(m.program.Dir, "bun")
	binding := filepath.Join(m.program.Dir, "npmrc")
	for path, text := range map[string]string{program: "#!/bin/sh\ncat $NPM_CONFIG_USERCONFIG\n", binding: "//npm.example/:_authToken=s3cret\n"} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.program.Argv = []string{program}
	var err error
	if m.config, err = readConfig(m.env.With("NPM_CONFIG_GLOBALCONFIG", binding), "", m.log); err != nil {
		t.Fatal(err)
	}
	if got, err := m.capture(m.project.Dir, "pm", "default-trusted"); err != nil || !strings.Contains(got, "_authToken=s3cret") {
		t.Errorf("got %q, %v", got, err)
	}
	o, err := m.execute(m.program, environ.List{"PATH=" + os.Getenv("PATH")}, m.project.Dir, "install")
	if o != nil || err != nil {
		t.Errorf("got %v, %v", o, err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v: want nothing left", left, err)
	}
}
