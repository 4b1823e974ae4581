package command_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
)

func TestInterpreter(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []string
		env        []string // the command after env; nil if env itself must run, or is missing
	}{
		{"node by its name", "#!/usr/bin/env node\nx", []string{"/usr/bin/env", "node"}, []string{"node"}},
		{"lines that end as on Windows", "#!/usr/bin/env node\r\nx", []string{"/usr/bin/env", "node"}, []string{"node"}},
		{"node with flags", "#!/usr/bin/env -S node --no-warnings\n", []string{"/usr/bin/env", "-S node --no-warnings"}, []string{"node", "--no-warnings"}},
		{"flags that env would not divide", "#!/usr/bin/env node --no-warnings\n", []string{"/usr/bin/env", "node --no-warnings"}, nil},
		{"a variable, which is for env", "#!/usr/bin/env -S A=1 node\n", []string{"/usr/bin/env", "-S A=1 node"}, nil},
		{"another option of env", "#!/usr/bin/env -i node\n", []string{"/usr/bin/env", "-i node"}, nil},
		{"a shell", "#! /bin/sh -e\n", []string{"/bin/sh", "-e"}, nil},
		{"a shell, and no more", "#!/bin/sh", []string{"/bin/sh"}, nil},
		{"a text that names nothing", "echo hello\n", []string{"sh"}, nil},
		{"an empty file", "", []string{"sh"}, nil},
		{"no script", "\x7fELF", nil, nil},
		{"no script of any sort", "a\x00b", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte(tc.text), 0o755); err != nil {
				t.Fatal(err)
			}
			got, err := command.Interpreter(path)
			if err != nil || !slices.Equal(got, tc.want) {
				t.Fatalf("got %q, %v, want %q", got, err, tc.want)
			}
			words, ok := command.ThroughEnv(got)
			if !slices.Equal(words, tc.env) || ok != (tc.env != nil) {
				t.Errorf("got %q, %v, want %q", words, ok, tc.env)
			}
		})
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, t.TempDir()} {
		if got, err := command.Interpreter(path); err == nil { // and it does not block
			t.Errorf("%s: got %q", path, got)
		}
	}
	if _, err := command.Interpreter(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file that does not exist: got %v", err)
	}
}
