package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
)

// expected compares an app's plan, and what its build said, with its row of apps.toml.
func expected(a app, p plan, said string) error {
	var wrong []error
	compare := func(what, got, want string) {
		if got != want {
			wrong = append(wrong, fmt.Errorf("the plan's %s: got %q, want %q", what, got, want))
		}
	}
	manager, _, _ := strings.Cut(a.Manager, "@")
	compare("package manager", p.one(decisions.Manager).Name, manager)
	compare("framework", p.one(decisions.Framework).Decision, a.Framework)
	compare("start command", p.web().Decision, a.Command)
	if root := served(said); root != a.Root {
		wrong = append(wrong, fmt.Errorf("the folder of a static site: got %q, want %q", root, a.Root))
	}
	return errors.Join(wrong...)
}

// serves reports whether a plan has a folder for a static site. Before the build, that
// may be one of several patterns, with or between them.
func (p plan) serves(root string) bool {
	roots := p.one(decisions.Static).Decision
	return slices.ContainsFunc(strings.Split(roots, " or "), func(pattern string) bool {
		ok, err := path.Match(pattern, root)
		return ok && err == nil
	})
}

// asPlanned compares an app's plan for a target with what its build for that said and
// made.
func asPlanned(p plan, said string, i image) error {
	var wrong []error
	compare := func(what, got, want string) {
		if got != want {
			wrong = append(wrong, fmt.Errorf("the %s: got %q in the image, and %q in the plan", what, got, want))
		}
	}
	if p.one(decisions.Static).Decision == "" {
		compare("version of Node.js", i.Node, p.one(decisions.Node).Decision)
		compare("start command", unquoted(i.web()), unquoted(p.web().Decision))
	} else {
		compare("version of Node.js of a static site", i.Node, "")
	}
	if line := p.scripts(); line != "" && !strings.Contains(said, line+"\n") {
		wrong = append(wrong, fmt.Errorf("the build did not say %q, as it would by the plan", line))
	}
	if root := served(said); !p.serves(root) {
		wrong = append(wrong, fmt.Errorf("the build makes a site of %q, and the plan says %q", root, p.one(decisions.Static).Decision))
	}
	return errors.Join(wrong...)
}

// unquoted is a command without its quotes: a plan has the text of a script, and an
// image the words of it.
func unquoted(command string) string {
	return strings.NewReplacer(`"`, "", "'", "").Replace(command)
}

// one is a plan's only decision about a topic; the zero one without any.
func (p plan) one(topic decisions.Topic) (d decisions.Decision) {
	if of := decisions.Of(p.Decisions, topic); len(of) > 0 {
		return of[0]
	}
	return d
}

// web is a plan's process web, or without one its first.
func (p plan) web() decisions.Decision {
	of := decisions.Of(p.Decisions, decisions.Process)
	if i := slices.IndexFunc(of, func(d decisions.Decision) bool { return d.Name == "web" }); i >= 0 {
		return of[i]
	}
	return p.one(decisions.Process)
}

// scripts is how a build says the scripts of a plan; empty without any.
func (p plan) scripts() string {
	var names []string
	for _, d := range decisions.Of(p.Decisions, decisions.BuildScript) {
		if d.Name != "" {
			names = append(names, d.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("Executing build scripts: %s (%s)", strings.Join(names, ", "), p.one(decisions.BuildScript).Evidence)
}

// served is the folder of which a build says that it makes a site.
func served(said string) string {
	_, rest, _ := strings.Cut(said, "Making a site of the folder ")
	folder, _, _ := strings.Cut(rest, "\n")
	return folder
}

// web is the command of an image's process web, or without one of its first, as a
// plan has it: without the supervisor that starts it.
func (i image) web() string {
	if len(i.Processes) == 0 {
		return ""
	}
	process := i.Processes[0]
	for _, other := range i.Processes {
		if other.Type == "web" {
			process = other
		}
	}
	command := process.Command
	if at := slices.Index(command, "-shell"); at > 0 {
		return command[at+1]
	}
	return strings.Join(command[slices.Index(command, "--")+1:], " ")
}
