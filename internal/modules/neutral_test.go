package modules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The engine gets a manager's names only from [Words]: its code and package
// native's contain none, and import no parser of a manager's files.
func TestTheEngineNamesNoPackageManager(t *testing.T) {
	excused := []string{
		`"With armature/npm-start as the last buildpack no helper is needed."`,
		"NPMPURL", // a package URL type, for any manager
	}
	managers := []string{"npm", "yarn", "pnpm", "bun"}
	var files []string
	for _, dir := range []string{".", "native", "outcome"} {
		found, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	looked := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		looked++
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			name := ""
			switch n := node.(type) {
			case *ast.BasicLit:
				name = n.Value
			case *ast.Ident:
				name = n.Name
			}
			for word := range strings.FieldsFuncSeq(strings.ToLower(name), func(r rune) bool { return r < 'a' || r > 'z' }) {
				for _, manager := range managers {
					if strings.HasPrefix(word, manager) && word != "bundle" && !slices.Contains(excused, name) {
						t.Errorf("%s: %s", file, name)
					}
				}
			}
			return true
		})
	}
	if looked < 20 {
		t.Errorf("looked into %d files, want all of the engine's", looked)
	}
}
