// Package testprogram compiles programs of this module for tests.
//
// go test caches a result while the test's own sources and the files that it
// opened stay the same. It does not know the sources of a program that the test
// compiles, and would report a cached pass for a changed one. So these
// functions also open all of the program's sources.
package testprogram

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Build compiles the package or file source for the platform goos/goarch into
// the file out, statically, like the shipped programs; source is an argument
// for the go command, relative to the test's folder. Call it from a test, not
// from TestMain: go test does not record files opened before the tests run.
func Build(t testing.TB, source, goos, goarch, out string, flags ...string) {
	t.Helper()
	args := append([]string{"build", "-trimpath", "-ldflags", "-s -w"}, flags...)
	cmd := exec.Command("go", append(args, "-o", out, source)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("compiling %s for %s/%s: %v\n%s", source, goos, goarch, err, output)
	}
	if err := look(source, cmd.Env); err != nil {
		t.Fatal(err)
	}
}

// sources prints the folder of every package of the main module that a package
// depends on, and their embedded files.
const sources = `{{if .Module}}{{if .Module.Main}}{{$dir := .Dir}}{{.Module.GoMod}}
{{$dir}}
{{range .EmbedFiles}}{{$dir}}/{{.}}
{{end}}{{end}}{{end}}`

// look opens a program's source folders: go test then compares names, sizes,
// modes and times of their direct entries.
func look(source string, env []string) error {
	cmd := exec.Command("go", "list", "-deps", "-f", sources, source)
	cmd.Env = env
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("listing what %s is made of: %w", source, err)
	}
	for path := range strings.Lines(string(text)) {
		path = strings.TrimSpace(path)
		if path == "" {
			continue
		}
		for _, path := range []string{path, strings.Replace(path, "/go.mod", "/go.sum", 1)} {
			file, err := os.Open(path)
			if err != nil && !os.IsNotExist(err) {
				return err
			}
			file.Close()
		}
	}
	return nil
}

// Program is a program that several tests of a package run. The first test that
// needs it compiles it for this machine.
type Program struct {
	Source string // a package, from the tests' folder

	once sync.Once
	dir  string
	path string // empty until it is compiled
}

// Path compiles the program on first use, and returns its path.
func (p *Program) Path(t testing.TB) string {
	t.Helper()
	p.once.Do(func() {
		dir, err := os.MkdirTemp("", "testprogram-")
		if err != nil {
			t.Fatal(err)
		}
		p.dir = dir
		path := filepath.Join(dir, "program")
		Build(t, p.Source, "", "", path)
		p.path = path
	})
	if p.path == "" {
		t.Fatalf("%s could not be compiled", p.Source)
	}
	return p.path
}

// Main runs a package's tests, removes the program, and returns the exit
// status.
func (p *Program) Main(m *testing.M) int {
	status := m.Run()
	if p.dir != "" {
		os.RemoveAll(p.dir)
	}
	return status
}
