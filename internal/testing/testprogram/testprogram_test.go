package testprogram_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/testing/tier"
)

// module is one of this module's path, with a copy of the package under test, a
// program, and a test that runs it.
var module = map[string]string{
	"go.mod": "module github.com/armature-cnb/armature\n\ngo 1.24\n",
	"program/main.go": `package main

import (
	_ "embed"

	"github.com/armature-cnb/armature/program/word"
)

//go:embed text/end.txt
var end string

func main() { print(word.Word + end) }
`,
	"program/text/end.txt": "!",
	"program/word/word.go": "package word\n\nconst Word = \"one\"\n",
	"check/check_test.go": `package check

import (
	"os"
	"os/exec"
	"testing"

	"github.com/armature-cnb/armature/internal/testing/testprogram"
)

var program = testprogram.Program{Source: "../program"}

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

func TestProgram(t *testing.T) {
	if out, err := exec.Command(program.Path(t)).CombinedOutput(); err != nil || string(out) != "one!" {
		t.Errorf("got %q, %v", out, err)
	}
}
`,
}

// write writes a file with an older time: go test caches no result that depends
// on files younger than two seconds.
func write(t *testing.T, path, text string, age time.Duration) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-age)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

func TestAPassIsNotReportedForAProgramThatChanged(t *testing.T) {
	dir := t.TempDir()
	for path, text := range module {
		write(t, filepath.Join(dir, path), text, time.Hour)
	}
	tested, err := os.ReadFile("testprogram.go")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "internal/testing/testprogram/testprogram.go"), string(tested), time.Hour)
	run := func() string {
		cmd := exec.Command("go", "test", "./check")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=", "GOWORK=off")
		out, _ := cmd.CombinedOutput()
		return string(out)
	}
	is := func(when, want string) {
		t.Helper()
		if got := run(); !strings.Contains(got, want) {
			t.Fatalf("%s: got %s, want %q in it", when, got, want)
		}
	}
	is("at first", "ok ")
	is("again", "(cached)")
	changes := []struct{ name, path, text, good string }{
		{"a package of the program", "program/word/word.go", "package word\n\nconst Word = \"two\"\n", module["program/word/word.go"]},
		{"an embedded file", "program/text/end.txt", "?", "!"},
		{"a new file of the program", "program/more.go", "package main\n\nfunc init() { print(\"more\") }\n", "package main\n"},
	}
	if !tier.IsAll() { // each is tested four times
		changes = changes[:1]
	}
	for _, change := range changes {
		write(t, filepath.Join(dir, change.path), change.text, 30*time.Minute)
		is(change.name+" has changed", "FAIL")
		write(t, filepath.Join(dir, change.path), change.good, 20*time.Minute)
		is(change.name+" is as it was", "ok ")
		is(change.name+" is as it was, again", "(cached)")
	}
}
