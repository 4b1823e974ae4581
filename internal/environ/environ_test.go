package environ_test

import (
	"reflect"
	"testing"

	"github.com/armature-cnb/armature/internal/environ"
)

func TestEnviron(t *testing.T) {
	env := environ.List{"A=1", "B=", "A=2", "C=x=y"}
	if got := env.Get("A"); got != "2" {
		t.Errorf("the last one counts: got %q", got)
	}
	if got := env.Get("C"); got != "x=y" {
		t.Errorf("a value may have an equals sign: got %q", got)
	}
	if _, set := env.Lookup("B"); !set {
		t.Error("a variable that is set to nothing is not found")
	}
	if _, set := env.Lookup("D"); set {
		t.Error("a variable that is not there is found")
	}
	if got := env.With("A", "3"); !reflect.DeepEqual(got, environ.List{"B=", "C=x=y", "A=3"}) {
		t.Errorf("with: got %q", got)
	}
	if got := env.Default("B", "b").Default("A", "a"); got.Get("B") != "b" || got.Get("A") != "2" {
		t.Errorf("default: got %q", got)
	}
	if env.Get("B") != "" {
		t.Error("the receiver was changed")
	}
}
