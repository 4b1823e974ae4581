package failure_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// source is what programs' sources say about ids of failures.
type source struct {
	constants map[string]string // by folder and name, "../lockfile.InvalidID"
	literals  []literal
	texts     []string
	kinds     map[string]bool // of files kinds.toml: whether a failure may pass, by id
}

type literal struct {
	*ast.CompositeLit
	dir string
}

func parse(t *testing.T, roots ...string) source {
	t.Helper()
	all := source{constants: map[string]string{}, kinds: map[string]bool{}}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Name() == "kinds.toml" {
				return all.readKinds(path)
			}
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

func (s *source) readKinds(path string) error {
	var file struct {
		Kind []struct {
			ID        string
			Transient bool
		}
	}
	_, err := toml.DecodeFile(path, &file)
	for _, kind := range file.Kind {
		s.kinds[kind.ID] = kind.Transient
	}
	return err
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
	case *ast.BasicLit:
		if text, ok := text(n); ok {
			s.texts = append(s.texts, text)
		}
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

// ids returns whether a failure may pass, by id: those of files kinds.toml, of
// literals with the fields ID or id and Remedy or remedy, and constants that are
// called ID.
func (s *source) ids() map[string]bool {
	dashed := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	called := regexp.MustCompile(`\.ID[A-Z]\w*$|ID$`)
	found := maps.Clone(s.kinds)
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

// bracketed are the ids in texts that are printed as they are.
func (s *source) bracketed() map[string]bool {
	found := map[string]bool{}
	for _, text := range s.texts {
		for _, id := range regexp.MustCompile(`\[([a-z]+(?:-[a-z]+)+)\] `).FindAllStringSubmatch(text, -1) {
			found[id[1]] = false
		}
	}
	return found
}

// ofScripts are the ids of the scripts and of the Makefile.
func ofScripts(t *testing.T) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob("../../scripts/*.sh")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, path := range append(paths, "../../Makefile") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range regexp.MustCompile(`(?:\bfail |\(error \[)([a-z]+(?:-[a-z]+)*)[ \]]`).FindAllStringSubmatch(string(text), -1) {
			found[id[1]] = false
		}
	}
	return found
}

// section is what stands in the document under a heading, before the next one.
func section(t *testing.T, document, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(document, heading+"\n")
	if !found {
		t.Fatalf("docs/errors.md has no %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// checkTable compares a table, whose rows begin with an id and have so many
// cells, with the ids of the sources and whether they may pass.
func checkTable(t *testing.T, table string, columns int, ids map[string]bool) {
	t.Helper()
	var listed []string
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		id, ok := strings.CutPrefix(strings.TrimSpace(cells[0]), "`")
		if !ok || !strings.HasPrefix(line, "|") {
			continue
		}
		id = strings.TrimSuffix(id, "`")
		listed = append(listed, id)
		if len(cells) != columns {
			t.Errorf("%s has %d cells in docs/errors.md, want %d", id, len(cells), columns)
			continue
		}
		transient, known := ids[id]
		if !known {
			t.Errorf("%s is in docs/errors.md and not in the sources", id)
		}
		if status := cells[columns-1]; strings.Contains(status, "75") != transient {
			t.Errorf("%s has the exit status %s in docs/errors.md; whether it may pass is %t in the sources", id, strings.TrimSpace(status), transient)
		}
	}
	for id := range ids {
		if !slices.Contains(listed, id) {
			t.Errorf("%s is not in docs/errors.md, or under another heading", id)
		}
	}
	if !slices.IsSorted(listed) {
		t.Error("a table of docs/errors.md is not sorted by id")
	}
}

// Every id of the sources is a row of docs/errors.md, and no other is; the exit
// status 75 is there for those that may pass.
func TestTheDocumentListsEveryID(t *testing.T) {
	text, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	document := string(text)
	tools, err := os.ReadDir("../../tools")
	if err != nil {
		t.Fatal(err)
	}
	var others []string
	for _, tool := range tools {
		others = append(others, filepath.Join("../../tools", tool.Name()))
	}
	products, packager, rest := parse(t, "../../buildpacks", "..", "../../cmd/armature", "../../platform"), parse(t, "../../tools/packager"), parse(t, others...)
	ids, warnings, commands := products.ids(), products.bracketed(), rest.ids()
	maps.Copy(ids, packager.bracketed()) // which stand in a script of every buildpackage
	maps.Copy(commands, ofScripts(t))
	if len(ids) < 100 || len(warnings) < 3 || len(commands) < 15 {
		t.Fatalf("only %d, %d and %d ids are found in the sources", len(ids), len(warnings), len(commands))
	}
	checkTable(t, section(t, document, "# Errors"), 5, ids)
	checkTable(t, section(t, document, "## Warnings"), 4, warnings)
	checkTable(t, section(t, document, "## A checkout's own commands"), 4, commands)
}
