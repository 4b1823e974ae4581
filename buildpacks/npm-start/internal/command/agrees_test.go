package command_test

import (
	"reflect"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
	"github.com/armature-cnb/armature/internal/node/shellscript"
)

// A plain command for Split is the same command for List.
func FuzzListAgreesWithSplit(f *testing.F) {
	for _, seed := range []string{"node a.js", "A=1 node 'a b' \"c\"", `a\ b "\"" '\'`, "a && b", "a > b", "a;;b", "a |& b", "a 2>&1", "&>x", "a\\\nb", "a #b", "\\\\\n", "\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		parts, ok := shellscript.List(script)
		words, plain := command.Split(script)
		if !plain {
			return
		}
		_, want := command.Variables(words)
		if !ok || len(parts) != 1 || parts[0].Op != "" || !reflect.DeepEqual(parts[0].Words, want) {
			t.Errorf("%q: got %+v, %v, want %q", script, parts, ok, want)
		}
	})
}
