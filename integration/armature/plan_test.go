//go:build linux

package integration_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/platform"
)

// ask calls plan or init, and returns what it prints on both outputs.
func (u *user) ask(args ...string) (out, log string, status int) {
	u.t.Helper()
	cmd := u.command(u.t.Context(), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Run()
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// loggedAs is how the log of a build says a decision; "" for what it does not say.
func loggedAs(d platform.Decision) string {
	switch d.Topic {
	case decisions.Node:
		return "Selected Node.js " + d.Decision + " (" + d.Evidence + ")"
	case decisions.BuildScript:
		if d.Name != "" {
			return "Executing build scripts: " + d.Name + " (" + d.Evidence + ")"
		}
	case decisions.Process:
		return "because of " + d.Evidence
	case decisions.Static:
		return "It is one because of: " + d.Evidence
	case decisions.LeftOut:
		if strings.HasPrefix(d.Evidence, ".dockerignore") {
			return "Leaving out of the app what .dockerignore names: " + d.Name
		}
		return "Leaving out of the app image what is git's own: " + d.Name
	}
	return ""
}

func TestABuildDoesWhatThePlanSays(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	for _, row := range []struct {
		name, from string
		more       map[string]string
		topics     []decisions.Topic
	}{
		{"a server", "", map[string]string{".nvmrc": "24\n", ".dockerignore": "docs\n", "docs/a": "x", ".git/HEAD": "ref: refs/heads/main\n"}, []decisions.Topic{decisions.Node, decisions.Manager, decisions.Process, decisions.LeftOut}},
		{"a server whose packages a lockfile has", express, nil, []decisions.Topic{decisions.Node, decisions.Manager, decisions.Process}},
		{"a site", staticSite, nil, []decisions.Topic{decisions.Framework, decisions.BuildScript, decisions.Static}},
	} {
		t.Run(row.name, func(t *testing.T) {
			u.t = t
			app := plainApp(t)
			if row.from != "" {
				app = filepath.Join(t.TempDir(), "app")
				if err := os.CopyFS(app, os.DirFS(row.from)); err != nil {
					t.Fatal(err)
				}
			}
			for name, text := range row.more {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(app, name)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(app, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			out, log, status := u.ask("plan", app, "--format", "json")
			var plan platform.AppPlan
			if err := json.Unmarshal([]byte(out), &plan); err != nil || status != 0 {
				t.Fatalf("got status %d, %v\n%s%s", status, err, out, log)
			}
			b := u.must(app, "--tag", "planned")
			for _, topic := range row.topics {
				if len(decisions.Of(plan.Decisions, topic)) == 0 {
					t.Errorf("the plan has nothing about %s:\n%s", topic, out)
				}
			}
			for _, d := range plan.Decisions {
				if said := loggedAs(d); !strings.Contains(b.log, said) {
					t.Errorf("the build does not say %q\n%s", said, b.log)
				}
			}
			begin, _, _ := strings.Cut(b.log, "===> building")
			for _, line := range decisions.Short(plan.Decisions) {
				if !strings.Contains(begin, "\n  "+line+"\n") {
					t.Errorf("the build does not begin with %q\n%s", line, b.log)
				}
			}
			if _, log, status := u.ask("init", app); status != 0 {
				t.Fatalf("init: got status %d\n%s", status, log)
			}
			if fixed := u.must(app, "--tag", "planned"); fixed.digest != b.digest {
				t.Errorf("with the project.toml of init: got %s, want %s\n%s\n%s", fixed.digest, b.digest, read(t, filepath.Join(app, "project.toml")), fixed.log)
			}
			if _, log, status := u.ask("init", app); status != 1 || !strings.Contains(log, "[project-toml-exists]") {
				t.Errorf("init again: got status %d\n%s", status, log)
			}
		})
	}
}

// It runs alone, since it looks at all that is left of work.
func TestAPlanEndsAsItsBuild(t *testing.T) {
	u := newUser(t, 0)
	nothing := plainApp(t)
	if err := os.WriteFile(filepath.Join(nothing, "package.json"), []byte(`{}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(nothing, "server.js")); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		app, id string
		args    []string
	}{
		{t.TempDir(), "[no-buildpack-applies]", nil},
		{nothing, "[start-script-missing]", nil},
		{plainApp(t), "[node-version-unknown]", []string{"--env", "BP_NODE_VERSION=4"}},
	} {
		_, log, status := u.ask(append([]string{"plan", row.app}, row.args...)...)
		b := u.build(row.app, append([]string{"--tag", "unplanned"}, row.args...)...)
		last := func(text string) string { return text[max(0, strings.LastIndex(text, row.id)):] }
		if status != b.status || !strings.Contains(log, row.id) || last(log) != last(b.log) {
			t.Errorf("%s: got status %d\n%s\nthe build: %d\n%s", row.id, status, log, b.status, b.log)
		}
	}
	if list, _ := os.ReadDir(filepath.Join(u.cache(), "work")); len(list) != 0 {
		t.Errorf("left over: %v", list)
	}
}
