package contract_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// root is the module's.
const root = "../.."

// tests has the top-level tests of a folder and the strings in its test files,
// which include the names of specs and rows.
type tests struct {
	functions map[string]bool
	strings   map[string]bool
}

func testsIn(t *testing.T, dir string) tests {
	t.Helper()
	all := tests{functions: map[string]bool{}, strings: map[string]bool{}}
	files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil {
				all.functions[function.Name.Name] = true
			}
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil {
					all.strings[text] = true
				}
			}
			return true
		})
	}
	return all
}

var (
	reference = regexp.MustCompile("`([^`]+)`")
	function  = regexp.MustCompile(`^([a-z][a-z0-9/-]*)\.(Test\w+)(?:/(.+))?$`)
	specified = regexp.MustCompile(`^([a-z][a-z0-9/-]*) "(.+)"$`)
)

// row is one of the table in docs/contract.md.
type row struct{ part, section, what, as, tests string }

func rows(t *testing.T) []row {
	t.Helper()
	var all []row
	part := ""
	for _, line := range strings.Split(read(t, filepath.Join(root, "docs/contract.md")), "\n") {
		if name, ok := strings.CutPrefix(line, "## "); ok {
			part = name
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 4 {
			if strings.HasPrefix(line, "| ") {
				t.Errorf("a row has %d cells, want 4: %s", len(cells), line)
			}
			continue
		}
		if cells[1] == "what" {
			part, _, _ = strings.Cut(part, ",")
			if cells[0] == "better" {
				part += ", better"
			}
			continue
		}
		all = append(all, row{part, cells[0], cells[1], cells[2], cells[3]})
	}
	return all
}

func TestEveryTestThatTheTableNamesExists(t *testing.T) {
	folders := map[string]tests{}
	named := 0
	for _, row := range rows(t) {
		if row.as != "same" && row.as != "better" && row.as != "different" {
			t.Errorf("%s %s: got %q, want same, better or different", row.part, row.section, row.as)
		}
		references := reference.FindAllStringSubmatch(row.tests, -1)
		if len(references) == 0 {
			t.Errorf("%s %s names no test: %s", row.part, row.section, row.what)
		}
		for _, found := range references {
			named++
			folder, test, words := "", "", ""
			if parts := function.FindStringSubmatch(found[1]); parts != nil {
				folder, test, words = parts[1], parts[2], parts[3]
			} else if parts := specified.FindStringSubmatch(found[1]); parts != nil {
				folder, words = parts[1], parts[2]
			} else {
				t.Errorf("%q is no test: want folder.TestName, folder.TestName/row or folder \"words\"", found[1])
				continue
			}
			if _, ok := folders[folder]; !ok {
				folders[folder] = testsIn(t, folder)
			}
			if test != "" && !folders[folder].functions[test] || words != "" && !folders[folder].strings[words] {
				t.Errorf("there is no test %s", found[1])
			}
		}
	}
	if named < 100 {
		t.Errorf("got %d tests named, which is fewer than there were", named)
	}
}

// points is the number of points in each list of improvements.
var points = map[string]int{"node-engine": 11, "npm-install": 15, "npm-start": 13}

func TestTheTableHasEverySectionAndEveryPoint(t *testing.T) {
	have := map[string]bool{}
	for _, row := range rows(t) {
		section, _, _ := strings.Cut(row.section, ".")
		have[row.part+" "+section] = true
	}
	for part, last := range map[string]int{"node-engine": 4, "npm-install": 4, "npm-start": 6} {
		for i := 1; i <= last; i++ {
			if !have[part+" "+strconv.Itoa(i)] {
				t.Errorf("%s has no row of section %d", part, i)
			}
		}
		for i := 1; i <= points[part]; i++ {
			key := part + ", better " + strconv.Itoa(i)
			if !have[key] {
				t.Errorf("%s: it is not in the table", key)
			}
		}
	}
}

// TestEveryDifferenceIsListed compares the number of differences per buildpack
// with the table.
func TestEveryDifferenceIsListed(t *testing.T) {
	text := read(t, filepath.Join(root, "docs/differences-from-paketo.md"))
	for part := range points {
		_, section, found := strings.Cut(text, "\n## "+part+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		told := strings.Count(section, "\n| ") - 1
		different := 0
		for _, row := range rows(t) {
			if row.part == part && row.as == "different" {
				different++
			}
		}
		if !found || told < different {
			t.Errorf("%s: got %d differences told, want %d at least", part, told, different)
		}
	}
}

func TestTheDescriptors(t *testing.T) {
	for _, id := range []string{engine, install, start, static} {
		var descriptor struct {
			API       string
			Buildpack struct {
				ID      string
				Formats []string `toml:"sbom-formats"`
			}
			Targets []struct{ OS, Arch string }
		}
		if _, err := toml.DecodeFile(filepath.Join(root, "buildpacks", filepath.Base(id), "buildpack.toml"), &descriptor); err != nil {
			t.Fatal(err)
		}
		equal(t, "id", descriptor.Buildpack.ID, id)
		equal(t, id+": API", descriptor.API, "0.10")
		equal(t, id+": targets", len(descriptor.Targets) == 2 && descriptor.Targets[0].OS+"/"+descriptor.Targets[0].Arch == "linux/arm64" && descriptor.Targets[1].OS+"/"+descriptor.Targets[1].Arch == "linux/amd64", true)
		want := "application/vnd.cyclonedx+json application/spdx+json application/vnd.syft+json"
		if id == start || id == static {
			want = ""
		}
		equal(t, id+": formats", strings.Join(descriptor.Buildpack.Formats, " "), want)
		if _, err := os.Stat(filepath.Join(root, "buildpacks", filepath.Base(id), "run/main.go")); err != nil {
			t.Error(err)
		}
	}
}
