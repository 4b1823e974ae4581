package execenv_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/failure"
)

func TestRead(t *testing.T) {
	for text, want := range map[string]execenv.Environment{
		"": execenv.Production, "production": execenv.Production, "test": execenv.Test, "development": execenv.Development,
	} {
		got, err := execenv.Read(func(name string) string { return map[string]string{"CNB_EXEC_ENV": text}[name] })
		if err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
		if got.Develops() != (want != execenv.Production) {
			t.Errorf("%q: Develops is %t", text, got.Develops())
		}
	}
	_, err := execenv.Read(func(string) string { return "staging" })
	if !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) || !strings.Contains(err.Error(), `"staging", want production, test, development`) {
		t.Errorf("got %v", err)
	}
}
