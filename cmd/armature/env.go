//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform"
)

// lookup returns an environment variable of this program, and whether it is set.
type lookup func(name string) (string, bool)

// orEmpty returns "" for an unset variable, as pack does for a build's variables.
// Container engines leave such a variable out of a running image.
func (l lookup) orEmpty(name string) (string, bool) {
	value, _ := l(name)
	return value, true
}

// readEnv reads variables: first of files, then of flags; a name alone takes its
// value from this program's environment, and is left out if it is unset there.
// Errors do not repeat an invalid name: it may be the second line of a secret.
func readEnv(files, flags []string, here lookup) (map[string]string, error) {
	env := map[string]string{}
	set := func(item, where string) error {
		name, value, found := strings.Cut(item, "=")
		isSet := true
		if !found {
			value, isSet = here(name)
		}
		if !platform.IsEnvName(name) || strings.ContainsRune(value, 0) {
			return &failure.Failure{ID: "env-name", Cause: where + " is no variable", Remedy: "give NAME=VALUE on one line, or NAME for its value here, with a NAME of " + platform.EnvNames + "."}
		}
		delete(env, name)
		if isSet {
			env[name] = value
		}
		return nil
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err == nil {
			text, err = withoutMark(text)
		}
		if err != nil {
			return nil, &failure.Failure{ID: "env-file-unreadable", Cause: "reading --env-file " + path, Err: err, Remedy: "name a text file in UTF-8 with a line NAME=VALUE for every variable."}
		}
		number := 0
		for line := range strings.Lines(string(text)) {
			number++
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if err := set(line, fmt.Sprintf("line %d of %s", number, path)); err != nil {
				return nil, err
			}
		}
	}
	for at, item := range flags {
		if err := set(item, fmt.Sprintf("--env number %d", at+1)); err != nil {
			return nil, err
		}
	}
	return env, nil
}

// withoutMark removes UTF-8's byte order mark, and refuses those of other
// encodings: some editors on Windows write them.
func withoutMark(text []byte) ([]byte, error) {
	for _, other := range []struct{ mark, is string }{
		{"\xff\xfe\x00\x00", "UTF-32"}, {"\x00\x00\xfe\xff", "UTF-32"}, {"\xff\xfe", "UTF-16"}, {"\xfe\xff", "UTF-16"},
	} {
		if bytes.HasPrefix(text, []byte(other.mark)) {
			return nil, errors.New("it is in " + other.is + ", want UTF-8")
		}
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}
