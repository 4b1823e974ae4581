// Package testprogram compiles programs of this module for tests.
//
// go test keeps a result for as long as the test's own sources and the files
// that it looked at stay the same. It does not know what a program that the
// test compiled was made of, and would report a pass for one that has changed.
// So each function here also looks at all that the program is made of.
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
// the file out, statically, as programs are shipped; source is as the go command
// wants it, from the test's folder. Call it from a test and not from TestMain:
// what happens before the tests run, go test does not see.
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
// needs, and the files that these embed.
const sources = `{{if .Module}}{{if .Module.Main}}{{$dir := .Dir}}{{.Module.GoMod}}
{{$dir}}
{{range .EmbedFiles}}{{$dir}}/{{.}}
{{end}}{{end}}{{end}}`

// look opens what a program is made of: of a folder, go test then compares names,
// sizes, modes and times of everything that is directly in it.
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

// Program is one that several tests of a package run. It is compiled for this
// machine when the first of them asks for it.
type Program struct {
	Source string // a package, from the tests' folder

	once sync.Once
	dir  string
	path string // empty while it could not be compiled
}

// Path compiles the program, unless that is done, and returns where it is.
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

// Main runs a package's tests and then removes the program. Its result is an
// exit status.
func (p *Program) Main(m *testing.M) int {
	status := m.Run()
	if p.dir != "" {
		os.RemoveAll(p.dir)
	}
	return status
}
