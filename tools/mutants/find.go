package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// folderOf returns the folder of a package, given the folder or one of its
// files.
func folderOf(name string) string {
	if strings.HasSuffix(name, ".go") {
		return "./" + filepath.Dir(name)
	}
	return name
}

// mutantsOf lists the mutants of a package's files that are compiled on Linux,
// or of the named file.
func mutantsOf(name string) ([]mutant, error) {
	folder := folderOf(name)
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	if name != folder {
		paths = []string{name}
	}
	var all []mutant
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		found, err := mutantsIn(path, text)
		if err != nil {
			return nil, err
		}
		for i := range found {
			found[i].folder = folder
		}
		all = append(all, found...)
	}
	return all, nil
}

// mutantsIn lists the mutants of one file.
func mutantsIn(path string, text []byte) ([]mutant, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := finder{path: path, text: text, files: files, sure: map[*ast.ReturnStmt]bool{}, times: map[*ast.BasicLit]bool{}}
	for _, declaration := range parsed.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok && function.Body != nil {
			f.function(function.Type, function.Body)
		}
	}
	return f.found, nil
}

type finder struct {
	path  string
	text  []byte
	files *token.FileSet
	found []mutant
	fails bool                     // the current function's last result is an error
	sure  map[*ast.ReturnStmt]bool // where err is not nil
	times map[*ast.BasicLit]bool   // numbers of seconds, or of another unit of time
}

// function visits a function, which may be nested.
func (f *finder) function(kind *ast.FuncType, body *ast.BlockStmt) {
	outer := f.fails
	f.fails = false
	if kind.Results != nil {
		last, ok := kind.Results.List[len(kind.Results.List)-1].Type.(*ast.Ident)
		f.fails = ok && last.Name == "error"
	}
	ast.Inspect(body, f.see)
	f.fails = outer
}

// opposites maps an operator to its replacement.
var opposites = map[token.Token]token.Token{
	token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.LAND: token.LOR, token.LOR: token.LAND,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
	token.AND: token.OR, token.OR: token.AND,
}

func (f *finder) see(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.FuncLit:
		f.function(n.Type, n.Body)
		return false
	case *ast.CallExpr:
		if last := withoutCapacity(n); last < len(n.Args) {
			for _, arg := range n.Args[:last] {
				ast.Inspect(arg, f.see)
			}
			return false
		}
	case *ast.IfStmt:
		f.condition(n)
	case *ast.BinaryExpr:
		f.duration(n)
		if to, ok := opposites[n.Op]; ok && !isText(n.X) && !isText(n.Y) && !comparesPassed(n) {
			f.change(n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), to.String())
		}
	case *ast.UnaryExpr:
		switch _, isNumber := n.X.(*ast.BasicLit); {
		case n.Op == token.NOT:
			f.change(n.OpPos, n.OpPos+1, "")
		case n.Op == token.SUB && isNumber:
			f.change(n.OpPos, n.OpPos+1, "")
			return false
		}
	case *ast.Ident:
		switch n.Name {
		case "true":
			f.change(n.Pos(), n.End(), "false")
		case "false":
			f.change(n.Pos(), n.End(), "true")
		}
	case *ast.BasicLit:
		if number, err := strconv.Atoi(n.Value); err == nil && n.Kind == token.INT {
			other := number + 1
			if f.times[n] && number > 0 {
				other = 2 * number
			}
			f.change(n.Pos(), n.End(), strconv.Itoa(other))
		}
	case *ast.ExprStmt:
		if _, ok := n.X.(*ast.CallExpr); ok {
			f.change(n.Pos(), n.End(), "")
		}
	case *ast.AssignStmt:
		if n.Tok == token.ASSIGN || n.Tok == token.ADD_ASSIGN {
			f.change(n.Pos(), n.End(), "")
		}
	case *ast.DeferStmt:
		f.change(n.Pos(), n.End(), "")
	case *ast.ReturnStmt:
		return f.result(n)
	case *ast.BranchStmt:
		if n.Tok == token.CONTINUE && n.Label == nil {
			f.change(n.Pos(), n.End(), "break")
		}
	}
	return true
}

// withoutCapacity returns the number of a call's arguments before a capacity: that of
// a slice, or of a channel with a buffer. A larger one changes nothing that a test
// could notice.
func withoutCapacity(n *ast.CallExpr) int {
	name, ok := n.Fun.(*ast.Ident)
	if !ok || name.Name != "make" {
		return len(n.Args)
	}
	if _, isChannel := n.Args[0].(*ast.ChanType); isChannel {
		return 1
	}
	return min(len(n.Args), 2)
}

// condition notes the returns of err in the body of `if err != nil`.
func (f *finder) condition(n *ast.IfStmt) {
	if c, ok := n.Cond.(*ast.BinaryExpr); !ok || c.Op != token.NEQ || !isNamed(c.X, "err") || !isNamed(c.Y, "nil") {
		return
	}
	for _, statement := range n.Body.List {
		if r, ok := statement.(*ast.ReturnStmt); ok && len(r.Results) > 0 && isNamed(r.Results[len(r.Results)-1], "err") {
			f.sure[r] = true
		}
	}
}

// duration notes the number of a product like 500 * time.Millisecond. No reliable
// test can tell 501 ms from it, so it is doubled.
func (f *finder) duration(n *ast.BinaryExpr) {
	number, ok := n.X.(*ast.BasicLit)
	unit, isUnit := n.Y.(*ast.SelectorExpr)
	if ok && isUnit && n.Op == token.MUL && isNamed(unit.X, "time") {
		f.times[number] = true
	}
}

func isNamed(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// result visits a return statement. Values next to an error that is not nil, which is
// newly made or returned where err != nil, have no meaning, and stay unchanged.
func (f *finder) result(n *ast.ReturnStmt) bool {
	last := len(n.Results) - 1
	if last < 0 {
		return true
	}
	if name := n.Results[last]; isNamed(name, "err") {
		f.change(name.Pos(), name.End(), "nil")
	}
	if f.sure[n] {
		return false
	}
	if !f.fails || !isMade(n.Results[last]) {
		return true
	}
	ast.Inspect(n.Results[last], f.see)
	return false
}

// isMade reports whether an expression makes a non-nil error.
func isMade(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.UnaryExpr:
		_, ok := e.X.(*ast.CompositeLit)
		return ok
	case *ast.CallExpr:
		called, ok := e.Fun.(*ast.SelectorExpr)
		return ok && (called.Sel.Name == "Errorf" || called.Sel.Name == "New")
	}
	return false
}

// comparesPassed reports whether the time since an event is compared with a limit:
// time.Since(begin) < most. No reliable test can tell < from <= then: it would have to
// hit one nanosecond.
func comparesPassed(n *ast.BinaryExpr) bool {
	call, ok := n.X.(*ast.CallExpr)
	if !ok || !slices.Contains([]token.Token{token.LSS, token.LEQ, token.GTR, token.GEQ}, n.Op) {
		return false
	}
	called, ok := call.Fun.(*ast.SelectorExpr)
	return ok && called.Sel.Name == "Since" && isNamed(called.X, "time")
}

// isText reports whether an operand of + is a string literal.
func isText(operand ast.Expr) bool {
	literal, ok := operand.(*ast.BasicLit)
	return ok && literal.Kind == token.STRING
}

func (f *finder) change(from, to token.Pos, is string) {
	begin, end := f.files.Position(from), f.files.Position(to)
	f.found = append(f.found, mutant{file: f.path, line: begin.Line, from: begin.Offset, to: end.Offset, was: string(f.text[begin.Offset:end.Offset]), is: is})
}
