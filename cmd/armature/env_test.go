//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
)

func TestNamesOfVariablesAreSaidAsTheyAreTaken(t *testing.T) {
	for _, name := range []string{"A-B", "a.b", "_", strings.Repeat("A", 255)} {
		if env, err := readEnv(nil, []string{name + "=1"}, nothing); err != nil || env[name] != "1" {
			t.Errorf("%q: got %v", name, err)
		}
	}
	for _, name := range []string{"1A", "-A", ".", "A B", "A/B", "gr\u00fc\u00dfe", strings.Repeat("A", 256)} { // the last is no valid file name
		_, err := readEnv(nil, []string{name + "=1"}, nothing)
		if !errors.Is(err, &failure.Failure{ID: "env-name"}) || !strings.Contains(err.Error(), "at most 255 letters, digits, _ . and -") {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestVariablesOfFlagsGoBeforeThoseOfFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, []byte("\ufeffA=file\n# A=comment\n\n  #B\n  B=with # and = signs  \nHERE\nUNSET\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	here := lookup(func(name string) (string, bool) {
		set := map[string]string{"HERE": "value of HERE", "THERE": "value of THERE", "EMPTY": ""}
		value, found := set[name]
		return value, found
	})
	got, err := readEnv([]string{file}, []string{"A=flag", "THERE", "EMPTY", "NOWHERE"}, here)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"A": "flag", "B": "with # and = signs", "EMPTY": "", "HERE": "value of HERE", "THERE": "value of THERE"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, err = readEnv([]string{file}, []string{"NOWHERE"}, here.orEmpty); err != nil || len(got) != 5 {
		t.Errorf("as pack has it: got %q, %v, want UNSET and NOWHERE, empty", got, err)
	}
	for _, value := range []string{"UNSET", "NOWHERE"} {
		if _, there := got[value]; !there {
			t.Errorf("as pack has it: %s is not there", value)
		}
	}
	if _, err := readEnv([]string{file + "x"}, nil, here); !errors.Is(err, &failure.Failure{ID: "env-file-unreadable"}) {
		t.Errorf("got %v", err)
	}
}

func TestWhatMayBePartOfASecretIsNotRepeated(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, []byte("KEY=-----BEGIN KEY-----\nca+na/ry==\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := readEnv([]string{file}, nil, nothing)
	if !errors.Is(err, &failure.Failure{ID: "env-name"}) || strings.Contains(err.Error(), "ry=") || !strings.Contains(err.Error(), "line 2 of "+file) {
		t.Errorf("got %v", err)
	}
	_, err = readEnv(nil, []string{"A=1", "ca na ry"}, nothing)
	if !errors.Is(err, &failure.Failure{ID: "env-name"}) || strings.Contains(err.Error(), "na ry") || !strings.Contains(err.Error(), "--env number 2") {
		t.Errorf("got %v", err)
	}
	if _, err := readEnv(nil, []string{"A=1\x00B=2"}, nothing); err == nil {
		t.Error("a value with the byte 0: got no error")
	}
}

func TestAFileOfVariablesInAnotherEncodingIsNamed(t *testing.T) {
	for _, text := range []string{"\xff\xfeA\x00=\x001\x00", "\xfe\xff\x00A\x00=\x001"} {
		file := filepath.Join(t.TempDir(), "env")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := readEnv([]string{file}, nil, nothing)
		if !errors.Is(err, &failure.Failure{ID: "env-file-unreadable"}) || !strings.Contains(err.Error(), "UTF-16") || !strings.Contains(err.Error(), file) {
			t.Errorf("got %v", err)
		}
	}
}
