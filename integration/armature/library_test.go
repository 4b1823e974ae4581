//go:build linux

package integration_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform"
)

// exampleProgram compiles a program whose main is the example of package platform:
// what godoc shows is what runs.
func exampleProgram(t *testing.T) string {
	t.Helper()
	const file = "../../platform/example_test.go"
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	object := parsed.Scope.Lookup("ExampleBuild")
	if object == nil {
		t.Fatalf("%s has no ExampleBuild", file)
	}
	var body bytes.Buffer
	if err := format.Node(&body, files, object.Decl.(*ast.FuncDecl).Body); err != nil {
		t.Fatal(err)
	}
	source := "package main\n\nimport (\n"
	for _, one := range parsed.Imports {
		source += "\t" + one.Path.Value + "\n"
	}
	source += ")\n\nfunc main() " + body.String() + "\n"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "example")
	compile := exec.CommandContext(t.Context(), "go", "build", "-o", program, filepath.Join(dir, "main.go"))
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, source)
	}
	return program
}

// The library builds what the command does, and says what it is made of.
func TestTheExampleOfTheLibraryMakesTheCommandsImage(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	dir := t.TempDir()
	if err := os.Rename(plainApp(t), filepath.Join(dir, "my-app")); err != nil {
		t.Fatal(err)
	}
	want := u.must(filepath.Join(dir, "my-app"), "--tag", "my-app", "--cache-key", "the command's")
	example := u.command(t.Context())
	example.Path, example.Args, example.Dir = exampleProgram(t), []string{"example"}, dir
	var log bytes.Buffer
	example.Stderr = &log
	out, err := example.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if lines[0] != "image@"+want.digest || log.Len() > 0 {
		t.Errorf("got %q and %q, want the digest %s", lines, &log, want.digest)
	}
	source, err := platform.SourceDigest(t.Context(), filepath.Join(dir, "my-app"))
	if err != nil {
		t.Fatal(err)
	}
	materials := []string{source + " " + filepath.Join(dir, "my-app")}
	for _, one := range []struct {
		folder string
		target targets.Target
		called string
	}{
		{filepath.Join(made.builders, "linux-arm64-on-"+host(t).Dashed()), host(t), filepath.Join(made.builders, "linux-arm64-on-"+host(t).Dashed())},
		{filepath.Join(made.stack, "run-arm64"), targets.LinuxARM64, "run"},
	} {
		digest, err := layoutImage(t, one.folder, one.target).Digest()
		if err != nil {
			t.Fatal(err)
		}
		materials = append(materials, fmt.Sprint(digest, " ", one.called))
	}
	for i, want := range materials {
		if len(lines) != len(materials)+1 || !strings.HasPrefix(lines[i+1], strings.TrimSuffix(want, "run")) {
			t.Errorf("got %q, want the materials %q", lines, materials)
		}
	}
}

// What is one process's own, such as its folder or its limits, no build changes.
func TestBuildsAtOnceInOneProcessDoNotMeet(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	want := u.must(plainApp(t), "--tag", "by-the-command")
	var all errgroup.Group
	for _, name := range []string{"one", "two", "three"} {
		r := platform.Request{App: plainApp(t), Image: name, Builder: u.builders, Home: u.cache(), Getenv: os.Getenv}
		all.Go(func() error {
			result, err := platform.Build(t.Context(), r)
			if err == nil && result.Digest != want.digest {
				err = fmt.Errorf("%s: got %s, want %s", r.Image, result.Digest, want.digest)
			}
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}
