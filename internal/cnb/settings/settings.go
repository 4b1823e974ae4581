// Package settings reads BP_* and BPL_* variables. A value that cannot be
// read is a [failure.Failure] that says what would work, never a default.
package settings

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
)

// Getenv looks a variable up; empty means not set. os.Getenv is one.
type Getenv func(name string) string

// Bool reads a switch as Go's strconv.ParseBool does (1, t, true, TRUE, 0, f,
// false, FALSE …). A variable that is not set gives fallback.
func Bool(getenv Getenv, name string, fallback bool) (bool, error) {
	text := getenv(name)
	if text == "" {
		return fallback, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, invalid(name, text, "true or false")
	}
	return value, nil
}

// OneOf reads a choice. A variable that is not set gives the first of the
// choices.
func OneOf(getenv Getenv, name string, choices ...string) (string, error) {
	text := getenv(name)
	if text == "" {
		return choices[0], nil
	}
	for _, choice := range choices {
		if text == choice {
			return choice, nil
		}
	}
	return "", invalid(name, text, strings.Join(choices, ", "))
}

// Names reads a comma-separated list of names. An unset variable gives none; an
// empty name in a list is an error.
func Names(getenv Getenv, name string) ([]string, error) {
	text := getenv(name)
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	names := strings.Split(text, ",")
	for i, one := range names {
		if names[i] = strings.TrimSpace(one); names[i] == "" {
			return nil, invalid(name, text, "names with one comma between each two")
		}
	}
	return names, nil
}

func invalid(name, got, want string) error {
	return &failure.Failure{
		ID:     "setting-invalid",
		Cause:  fmt.Sprintf("%s is %q, want %s", name, got, want),
		Remedy: fmt.Sprintf("set %s to %s, or leave it unset.", name, want),
	}
}
