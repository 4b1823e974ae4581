package failure_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is what programs' sources say about ids of failures.
type source struct {
	constants map[string]string // by folder and name, "../lockfile.InvalidID"
	literals  []literal
}

type literal struct {
	*ast.CompositeLit
	dir string
}

func parse(t *testing.T, roots ...string) source {
	t.Helper()
	all := source{constants: map[string]string{}}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err == nil {
				ast.Inspect(file, func(node ast.Node) bool { return all.look(filepath.Dir(path), node) })
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func (s *source) look(dir string, node ast.Node) bool {
	switch n := node.(type) {
	case *ast.ValueSpec:
		for i, value := range n.Values {
			if text, ok := text(value); ok && i < len(n.Names) {
				s.constants[dir+"."+n.Names[i].Name] = text
			}
		}
	case *ast.CompositeLit:
		s.literals = append(s.literals, literal{n, dir})
	}
	return true
}

func text(e ast.Expr) (string, bool) {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	value, err := strconv.Unquote(literal.Value)
	return value, err == nil
}

// ids returns whether a failure may pass, by id: those of literals with the
// fields ID or id and Remedy or remedy, and constants that are called ID.
func (s *source) ids() map[string]bool {
	dashed := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	called := regexp.MustCompile(`\.ID[A-Z]\w*$|ID$`)
	found := map[string]bool{}
	for name, value := range s.constants {
		if called.MatchString(name) && dashed.MatchString(value) {
			found[value] = found[value] || false
		}
	}
	for _, literal := range s.literals {
		fields := map[string]ast.Expr{}
		for _, element := range literal.Elts {
			if pair, ok := element.(*ast.KeyValueExpr); ok {
				if key, ok := pair.Key.(*ast.Ident); ok {
					fields[strings.ToLower(key.Name)] = pair.Value
				}
			}
		}
		if id := s.value(literal.dir, fields["id"]); fields["remedy"] != nil && id != "" {
			found[id] = found[id] || fields["transient"] != nil
		}
	}
	return found
}

// value resolves an expression in a package's folder: a text or a constant.
func (s *source) value(dir string, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		value, _ := text(e)
		return value
	case *ast.Ident:
		return s.constants[dir+"."+e.Name]
	}
	return ""
}

// Every id of the buildpacks' and armature's sources is a row of docs/errors.md, and no other
// is; the exit status 75 is there for those that may pass.
func TestTheDocumentListsEveryID(t *testing.T) {
	document, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	sources := parse(t, "../../buildpacks", "..", "../../tools/armature")
	ids := sources.ids()
	if len(ids) < 100 {
		t.Fatalf("only %d ids are found in the sources", len(ids))
	}
	var listed []string
	for line := range strings.Lines(string(document)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		id, ok := strings.CutPrefix(strings.TrimSpace(cells[0]), "`")
		if !ok || len(cells) != 5 {
			continue
		}
		id = strings.TrimSuffix(id, "`")
		listed = append(listed, id)
		transient, known := ids[id]
		if !known {
			t.Errorf("%s is in docs/errors.md and not in the sources", id)
		}
		if strings.Contains(cells[4], "75") != transient {
			t.Errorf("%s has the exit status %s in docs/errors.md; whether it may pass is %t in the sources", id, strings.TrimSpace(cells[4]), transient)
		}
	}
	for id := range ids {
		if !slices.Contains(listed, id) {
			t.Errorf("%s is not in docs/errors.md", id)
		}
	}
	if !slices.IsSorted(listed) {
		t.Error("docs/errors.md is not sorted by id")
	}
}
