package main_test

import (
	"bytes"
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// node replaces the real one, which needs a C library: it prints its arguments,
// and the variable A.
const node = `package main

import (
	"fmt"
	"os"
)

func main() { fmt.Printf("%q %s\n", os.Args, os.Getenv("A")) }
`

// tinyRoot returns a root file system with only the supervisor, node and some
// scripts.
func tinyRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	source := filepath.Join(t.TempDir(), "main.go")
	files := map[string]string{
		filepath.Join(root, "app/node_modules/.bin/vite"):  "#!/usr/bin/env node\n",
		filepath.Join(root, "app/node_modules/.bin/flags"): "#!/usr/bin/env -S node --no-warnings\n",
		filepath.Join(root, "app/node_modules/.bin/rails"): "#!/usr/bin/env ruby\n",
		filepath.Join(root, "app/start.sh"):                "#!/bin/sh\n",
		source:                                             node,
	}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", filepath.Join(root, "layers/node"), source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %s", err, output)
	}
	text, err := os.ReadFile(program.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "supervisor"), text, 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestWithoutAShellAndEnv(t *testing.T) {
	root := tinyRoot(t)
	for _, tc := range []struct {
		name   string
		args   []string
		stdout string
		id     string // of the failure on standard error
		status int
		path   string // PATH; if empty, one with node
		says   string // on standard error
	}{
		{name: "a command", args: []string{"--", "node", "a b"}, stdout: `["node" "a b"]`},
		{name: "a command with a variable", args: []string{"--", "A=x y", "node"}, stdout: `["node"] x y`},
		{name: "a script for node", args: []string{"--", "vite", "preview", "a b"}, stdout: `["node" "/app/node_modules/.bin/vite" "preview" "a b"]`},
		{name: "a script for node by its path", args: []string{"--", "./node_modules/.bin/vite"}, stdout: `["node" "./node_modules/.bin/vite"]`},
		{name: "a script for node with flags", args: []string{"--", "flags", "x"}, stdout: `["node" "--no-warnings" "/app/node_modules/.bin/flags" "x"]`},
		{name: "plain hooks", args: []string{"-pre", "vite migrate", "-post", "A=b node", "--", "node", "."},
			stdout: "[\"node\" \"/app/node_modules/.bin/vite\" \"migrate\"]\n[\"node\" \".\"]\n[\"node\"] b"},
		{name: "a script with shell syntax", args: []string{"-shell", "node a && node b", "--"}, id: "shell-missing", status: 127},
		{name: "a hook with shell syntax", args: []string{"-pre", "node a; node b", "--", "node"}, id: "shell-missing", status: 127},
		{name: "a shell script", args: []string{"--", "./start.sh"}, id: "interpreter-missing", status: 127},
		{name: "a script for what is not there", args: []string{"--", "rails"}, id: "interpreter-missing", status: 127},
		{name: "a command that is not there", args: []string{"--", "ts-node", "a.ts"}, id: "start-command-missing", status: 127, says: "name that under dependencies"},
		{name: "node on a PATH that was replaced", args: []string{"--", "node", "."}, path: "/elsewhere", id: "start-command-missing", status: 127, says: `PATH is "/elsewhere"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cmd := exec.Command("/supervisor", tc.args...)
			cmd.Dir, cmd.Env = "/app", []string{"PATH=" + cmp.Or(tc.path, "/app/node_modules/.bin:/layers")}
			cmd.SysProcAttr = changeRoot(root)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if cmd.ProcessState == nil {
				t.Skipf("this process may not change its root: %s", err)
			}
			if got := cmd.ProcessState.ExitCode(); got != tc.status {
				t.Errorf("got status %d, want %d", got, tc.status)
			}
			if got := strings.ReplaceAll(stdout.String(), "] \n", "]\n"); strings.TrimSpace(got) != tc.stdout {
				t.Errorf("got %s, want %s", got, tc.stdout)
			}
			if text := stderr.String(); (tc.id == "") != (text == "") || !strings.Contains(text, tc.id) || !strings.Contains(text, tc.says) || tc.id != "" && !strings.Contains(text, "To fix it:") {
				t.Errorf("got %q, want the failure %q", text, tc.id)
			}
		})
	}
}

// changeRoot needs no privileges: a process may change the root in its own user
// namespace.
func changeRoot(root string) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Chroot: root}
	if os.Geteuid() != 0 {
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return attr
}
