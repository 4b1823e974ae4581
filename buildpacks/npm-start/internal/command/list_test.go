package command_test

import (
	"reflect"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
)

func TestListDividesAScript(t *testing.T) {
	part := func(op string, words ...string) command.Part { return command.Part{Op: op, Words: words} }
	for _, row := range []struct {
		script string
		want   []command.Part
	}{
		{"node a.js", []command.Part{part("", "node", "a.js")}},
		{"A=1 B='x y' node a.js C=3", []command.Part{part("", "node", "a.js", "C=3")}},
		{"a b&&c d || e;f", []command.Part{part("", "a", "b"), part("&&", "c", "d"), part("||", "e"), part(";", "f")}},
		{"a | b & c", []command.Part{part("", "a"), part("|", "b"), part("&", "c")}},
		{"a\nb\n\nc", []command.Part{part("", "a"), part(";", "b"), part(";", "c")}},
		{"a\r\nb", []command.Part{part("", "a\r"), part(";", "b")}}, // as in a shell
		{"a \\\n\\\nb\\\nc", []command.Part{part("", "a", "bc")}},
		{"a \\\n b", []command.Part{part("", "a", "b")}},
		{"a; ; b;", []command.Part{part("", "a"), part(";", "b")}},
		{"a && \\\n b", []command.Part{part("", "a"), part("&&", "b")}},
		{`a 'b && c' "d | e" f\ g`, []command.Part{part("", "a", "b && c", "d | e", "f g")}},
		{"a $X ${Y:-1 2} \"$Z\" *.js", []command.Part{part("", "a", "$X", "${Y:-1 2}", "$Z", "*.js")}},
		{"a > log 2>&1 && b 2>/dev/null <in >>x", []command.Part{part("", "a"), part("&&", "b")}},
		{"a # hello && b", []command.Part{part("", "a")}},
		{"a # hello\nb", []command.Part{part("", "a"), part(";", "b")}},
		{"a b#c", []command.Part{part("", "a", "b#c")}},
		{"a b2 3", []command.Part{part("", "a", "b2", "3")}},
		{"A=1", nil},
		{"", nil},
	} {
		got, ok := command.List(row.script)
		if !ok || !reflect.DeepEqual(got, row.want) {
			t.Errorf("%q: got %q, %v, want %q", row.script, got, ok, row.want)
		}
	}
}

func TestListLeavesTheRest(t *testing.T) {
	for _, script := range []string{
		"if a; then b; fi", "a && (b)", "(a)", "{ a; }", "! a", "a $(b)", "a `b`", "a \"$(b)\"", "a 'b", `a "b`, `a \`, "for x in y; do z; done",
		"a && if b; then c; fi", "f() { a; }", "&& a", "a <<EOF\nx\nEOF", "a <(b)", "exit 0", ". ./env && a", "eval a", "a && ; b && && c", "a > ", "[[ -f x ]] && a",
	} {
		if got, ok := command.List(script); ok {
			t.Errorf("%q: got %q, want that it is left", script, got)
		}
	}
}

// A plain command for Split is the same command for List.
func FuzzListAgreesWithSplit(f *testing.F) {
	for _, seed := range []string{"node a.js", "A=1 node 'a b' \"c\"", `a\ b "\"" '\'`, "a && b", "a > b", "a;;b", "a |& b", "a 2>&1", "&>x", "a\\\nb", "a #b", "\\\\\n", "\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		parts, ok := command.List(script)
		words, plain := command.Split(script)
		if !plain {
			return
		}
		_, want := command.Variables(words)
		if !ok || len(parts) != 1 || parts[0].Op != "" || !reflect.DeepEqual(parts[0].Words, want) {
			t.Errorf("%q: got %q, %v, want %q", script, parts, ok, want)
		}
	})
}
