package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/testing/tier"
)

func TestMain(m *testing.M) {
	confined()
	os.Exit(m.Run())
}

const sample = `package sample

import "errors"

func unused() {}

// Sign is -1, 0 or 1.
func Sign(n int) (sign int, err error) {
	unused()
	if n == 7 {
		return 0, errors.New("no" + "thing")
	}
	if n < 0 && !odd {
		sign = -1
	}
	for _, big := range []int{1} {
		if n >= big {
			return 1, err
		}
	}
	return sign, err
}

var odd = false
`

// module makes a module with one package and its test, and goes into it.
func module(t *testing.T, code, test string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for path, text := range map[string]string{
		"go.mod": "module example.com/sample\n\ngo 1.24\n", "sample/sample.go": code, "sample/sample_test.go": "package sample\n\nimport \"testing\"\n\n" + test,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOWORK", "off")
}

// small has few places that can be changed: for each, its tests are compiled.
const small = `package sample

func unused() {}

// Good reports whether n is large enough, and not 7.
func Good(n int) bool {
	unused()
	return n >= 1 && n != 7
}
`

func TestWhatNoTestNoticesIsPrinted(t *testing.T) {
	tier.Beyond(t, "the tests of a sample, compiled for each change")
	module(t, small, `func TestGood(t *testing.T) {
	for n, want := range map[int]bool{0: false, 1: true, 7: false, 9: true} {
		if got := Good(n); got != want {
			t.Errorf("%d: got %v", n, got)
		}
	}
}
`)
	before, err := os.ReadFile("sample/sample.go")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	ok, err := run(t.Context(), []string{"-seed", "3", "-sample", "1000", "-want", "40", "./sample"}, &out)
	if err != nil || !ok {
		t.Errorf("got %v, %v\n%s", ok, err, out.String())
	}
	for _, want := range []string{"seed 3:", "sample.go:7: nothing in place of `unused()`", "noticed ("} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
	for _, not := range []string{"`>` in place of `>=`", "`==` in place of `!=`"} {
		if strings.Contains(out.String(), not) {
			t.Errorf("a test notices %q\n%s", not, out.String())
		}
	}
	if after, err := os.ReadFile("sample/sample.go"); err != nil || string(after) != string(before) {
		t.Errorf("the tree was written to: %v", err)
	}
}

func TestOfAFileThatIsNamedNoOtherIsChanged(t *testing.T) {
	module(t, sample, "")
	if err := os.WriteFile("sample/other.go", []byte("package sample\n\nfunc Other() int { return 3 }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"./sample/other.go": 1, "sample/other.go": 1} {
		found, err := mutantsOf(name)
		if err != nil || len(found) != want || found[0].folder != "./sample" || found[0].was != "3" {
			t.Errorf("%s: got %v, %v", name, found, err)
		}
	}
	if all, err := mutantsOf("./sample"); err != nil || len(all) < 10 {
		t.Errorf("of the whole package: got %v, %v", all, err)
	}
}

func TestTheFigureDecides(t *testing.T) {
	for _, tc := range []struct {
		name                           string
		tried, noticed, broken, sample int
		want                           bool
	}{
		{"as wanted", 10, 9, 0, 10, true},
		{"fewer noticed", 10, 8, 0, 10, false},
		{"not all tried", 9, 9, 0, 10, false},
		{"some do not compile", 8, 8, 2, 10, true},
		{"none", 0, 0, 0, 1, false},
	} {
		all := &tally{tried: tc.tried, noticed: tc.noticed, broken: tc.broken}
		if got := all.report(&strings.Builder{}, tc.sample, 90); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestTestsThatDoNotEndNotice(t *testing.T) {
	tier.Beyond(t, "the tests of a sample, compiled for each change")
	module(t, "package sample\n\nfunc Count() (n int) {\n\tfor n < 3 {\n\t\tn += 1\n\t}\n\treturn n\n}\n", "func TestCount(t *testing.T) {\n\tif Count() != 3 {\n\t\tt.Error(\"wrong\")\n\t}\n}\n")
	found, err := mutantsOf("./sample")
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(found, func(m mutant) bool { return m.was == "n += 1" })
	if at < 0 {
		t.Fatalf("got %v", found)
	}
	if got, err := found[at].try(t.Context(), &suite{folder: "./sample", rounds: []round{{limit: 2e9}}}); got != tookTooLong || err != nil {
		t.Errorf("got %v, %v, want tests that took too long", got, err)
	}
}

func TestAChangeThatDoesNotCompileIsNone(t *testing.T) {
	module(t, "package sample\n\nfunc One() int {\n\tn := 1\n\tuse(n)\n\treturn 1\n}\n\nfunc use(int) {}\n", "func TestOne(t *testing.T) { One() }\n")
	found, err := mutantsOf("./sample")
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(found, func(m mutant) bool { return m.was == "use(n)" })
	if at < 0 {
		t.Fatalf("got %v", found)
	}
	if got, err := found[at].try(t.Context(), &suite{folder: "./sample", rounds: []round{{limit: time.Minute}}}); got != doesNotCompile || err != nil {
		t.Errorf("got %v, %v, want one that does not compile", got, err)
	}
	if _, _, err := suiteOf(t.Context(), "./nowhere"); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a package that is not there: got %v", err)
	}
	if err := os.Remove("sample/sample_test.go"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := suiteOf(t.Context(), "./sample"); err == nil || !strings.Contains(err.Error(), "./sample has no tests") {
		t.Errorf("a package without tests: got %v", err)
	}
}

func TestTestsThatFailAsTheyAreAreAnError(t *testing.T) {
	module(t, "package sample\n", "func TestIt(t *testing.T) { t.Error(\"red\") }\n")
	if _, err := run(t.Context(), []string{"./sample"}, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "do not pass as it is") {
		t.Errorf("got %v", err)
	}
	if _, err := run(t.Context(), nil, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "want folders") {
		t.Errorf("without a package: got %v", err)
	}
}

// The test's attempts are harmless even if they succeed.
func TestRootsTestsReachNothingOfTheMachine(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("tests of an ordinary user run as they are")
	}
	outside := filepath.Join(t.TempDir(), "outside")
	module(t, "package sample\n", "var _ *testing.T")
	const test = `package sample

import (
	"errors"
	"os"
	"strconv"
	"syscall"
	"testing"
)

func TestIt(t *testing.T) {
	if os.Getpid() > 1000 {
		t.Error("other processes can be seen")
	}
	if name, err := os.Readlink("/proc/self"); err != nil || name != strconv.Itoa(os.Getpid()) {
		t.Error("/proc is of other processes:", name, err)
	}
	if err := os.WriteFile("OUTSIDE", nil, 0o644); !errors.Is(err, syscall.EROFS) {
		t.Error("a folder of the machine's:", err)
	}
	if err := os.WriteFile(os.TempDir()+"/inside", nil, 0o644); err != nil {
		t.Error(err)
	}
	if file, err := os.OpenFile("/proc/sys/user/max_user_namespaces", os.O_WRONLY, 0); err == nil {
		file.Close()
		t.Error("a limit of the machine's can be written to")
	}
	if err := syscall.Sethostname([]byte("mutant")); err != nil {
		t.Error(err)
	}
}
`
	if err := os.WriteFile("sample/reach_test.go", []byte(strings.ReplaceAll(test, "OUTSIDE", outside)), 0o644); err != nil {
		t.Fatal(err)
	}
	before, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := suiteOf(t.Context(), "./sample"); err != nil {
		t.Error(err)
	}
	if name, err := os.Hostname(); err != nil || name != before {
		t.Errorf("the machine is called %q, %v; it was %q", name, err, before)
	}
}
