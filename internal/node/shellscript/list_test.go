package shellscript_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/node/shellscript"
)

func TestListDividesAScript(t *testing.T) {
	part := func(op string, words ...string) shellscript.Part { return shellscript.Part{Op: op, Words: words} }
	for _, row := range []struct {
		script string
		want   []shellscript.Part
	}{
		{"node a.js", []shellscript.Part{part("", "node", "a.js")}},
		{"A=1 B='x y' node a.js C=3", []shellscript.Part{part("", "node", "a.js", "C=3")}},
		{"a b&&c d || e;f", []shellscript.Part{part("", "a", "b"), part("&&", "c", "d"), part("||", "e"), part(";", "f")}},
		{"a | b & c", []shellscript.Part{part("", "a"), part("|", "b"), part("&", "c")}},
		{"a\nb\n\nc", []shellscript.Part{part("", "a"), part(";", "b"), part(";", "c")}},
		{"a\r\nb", []shellscript.Part{part("", "a\r"), part(";", "b")}}, // as in a shell
		{"a \\\n\\\nb\\\nc", []shellscript.Part{part("", "a", "bc")}},
		{"a \\\n b", []shellscript.Part{part("", "a", "b")}},
		{"a; ; b;", []shellscript.Part{part("", "a"), part(";", "b")}},
		{"a && \\\n b", []shellscript.Part{part("", "a"), part("&&", "b")}},
		{`a 'b && c' "d | e" f\ g`, []shellscript.Part{part("", "a", "b && c", "d | e", "f g")}},
		{"a $X ${Y:-1 2} \"$Z\" *.js", []shellscript.Part{part("", "a", "$X", "${Y:-1 2}", "$Z", "*.js")}},
		{"a > log 2>&1 && b 2>/dev/null <in >>x", []shellscript.Part{part("", "a"), part("&&", "b")}},
		{"a # hello && b", []shellscript.Part{part("", "a")}},
		{"a # hello\nb", []shellscript.Part{part("", "a"), part(";", "b")}},
		{"a b#c", []shellscript.Part{part("", "a", "b#c")}},
		{"a b2 3", []shellscript.Part{part("", "a", "b2", "3")}},
		{"A=1", nil},
		{"", nil},
	} {
		got, ok := shellscript.List(row.script)
		for i := range got {
			got[i].Start, got[i].End, got[i].Places = 0, 0, nil
		}
		if !ok || !reflect.DeepEqual(got, row.want) {
			t.Errorf("%q: got %+v, %v, want %+v", row.script, got, ok, row.want)
		}
	}
}

func TestListLeavesTheRest(t *testing.T) {
	for _, script := range []string{
		"if a; then b; fi", "a && (b)", "(a)", "{ a; }", "! a", "a $(b)", "a `b`", "a \"$(b)\"", "a 'b", `a "b`, `a \`, "for x in y; do z; done",
		"a && if b; then c; fi", "f() { a; }", "&& a", "a <<EOF\nx\nEOF", "a <(b)", "exit 0", ". ./env && a", "eval a", "a && ; b && && c", "a > ", "[[ -f x ]] && a",
	} {
		if got, ok := shellscript.List(script); ok {
			t.Errorf("%q: got %+v, want that it is left", script, got)
		}
	}
}

func TestListFindsThePlaces(t *testing.T) {
	for _, row := range []struct {
		script string
		want   []string
	}{
		{"a b", []string{"a b"}},
		{"  A=1 a 'b'  &&  c > d ;e # f", []string{"A=1 a 'b'", "c > d", "e"}},
		{"2>x a\nb", []string{"2>x a", "b"}},
		{"a;;b", nil},
	} {
		parts, _ := shellscript.List(row.script)
		var got []string
		for _, part := range parts {
			got = append(got, row.script[part.Start:part.End])
			if last := part.Places[len(part.Places)-1]; len(part.Places) != len(part.Words) || strings.Trim(row.script[last[0]:last[1]], "'") != part.Words[len(part.Words)-1] {
				t.Errorf("%q: the words %q have the places %v", row.script, part.Words, part.Places)
			}
		}
		if !reflect.DeepEqual(got, row.want) {
			t.Errorf("%q: got %q, want %q", row.script, got, row.want)
		}
	}
}
