package settings_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
)

func env(value string) settings.Getenv {
	return func(name string) string {
		if name == "BP_X" {
			return value
		}
		return ""
	}
}

func TestBool(t *testing.T) {
	for _, tc := range []struct {
		value           string
		otherwise, want bool
		bad             bool
	}{
		{value: "true", want: true},
		{value: "1", want: true},
		{value: "T", want: true},
		{value: "false", otherwise: true},
		{value: "", otherwise: true, want: true},
		{value: "", otherwise: false},
		{value: "yes", bad: true},
		{value: " true", bad: true},
		{value: "tru", otherwise: true, bad: true},
	} {
		t.Run(tc.value, func(t *testing.T) {
			got, err := settings.Bool(env(tc.value), "BP_X", tc.otherwise)
			if errors.Is(err, &failure.Failure{ID: "setting-invalid"}) != tc.bad {
				t.Fatalf("got %v, %v", got, err)
			}
			if got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestOneOf(t *testing.T) {
	if got, err := settings.OneOf(env(""), "BP_X", "auto", "npm"); got != "auto" || err != nil {
		t.Errorf("unset: got %q, %v", got, err)
	}
	if got, err := settings.OneOf(env("npm"), "BP_X", "auto", "npm"); got != "npm" || err != nil {
		t.Errorf("set: got %q, %v", got, err)
	}
	_, err := settings.OneOf(env("NPM"), "BP_X", "auto", "npm")
	if err == nil || !strings.Contains(err.Error(), `BP_X is "NPM", want auto, npm`) {
		t.Errorf("bad: got %v", err)
	}
}

func TestNames(t *testing.T) {
	for value, want := range map[string]string{"": "", " ": "", "a": "a", "a, b ,c": "a|b|c"} {
		if got, err := settings.Names(env(value), "BP_X"); strings.Join(got, "|") != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", value, got, err, want)
		}
	}
	for _, value := range []string{",", "a,", ",a", "a,,b"} {
		if got, err := settings.Names(env(value), "BP_X"); !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) {
			t.Errorf("%q: got %q, %v, want setting-invalid", value, got, err)
		}
	}
}
