package depcheck_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// maxLines is the maximal length of a file of code.
const maxLines = 300

// isLong begins the reason of a longer file, before its package clause.
const isLong = "// Longer than "

func TestFilesAreShort(t *testing.T) {
	looked := 0
	eachFile(t, func(path string, text []byte) {
		looked++
		head, _, _ := bytes.Cut(text, []byte("\npackage "))
		if lines := bytes.Count(text, []byte("\n")); lines > maxLines && !bytes.Contains(head, []byte(isLong)) {
			t.Errorf("%s has %d lines, want at most %d, or the reason before its package clause: %s…", path, lines, maxLines, isLong)
		}
	})
	if looked < 1000 {
		t.Errorf("looked into %d files, want all of the repository's", looked)
	}
}

// Loggers format once: an argument with doubled percent signs is printed with both.
func TestNoArgumentIsEscapedForAFormat(t *testing.T) {
	eachFile(t, func(path string, text []byte) {
		if !bytes.Contains(text, []byte(`"%%"`)) {
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			for _, argument := range call.Args {
				if literal, ok := argument.(*ast.BasicLit); ok && literal.Value == `"%%"` {
					t.Errorf("%s doubles percent signs", path)
				}
			}
			return true
		})
	})
}

// eachFile calls do for each Go file of the repository but this one.
func eachFile(t *testing.T, do func(path string, text []byte)) {
	t.Helper()
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == filepath.Join(root, "build") || strings.HasPrefix(entry.Name(), ".") && path != root):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || entry.Name() == "style_test.go" && filepath.Base(filepath.Dir(path)) == "depcheck":
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			do(path, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
