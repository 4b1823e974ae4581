package main

import (
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
)

// process is one of an image's.
type process = struct {
	Type    string   `json:"type"`
	Command []string `json:"command"`
}

func server() (plan, image) {
	return plan{[]decisions.Decision{
			{Topic: decisions.Node, Decision: "24.1.0"},
			{Topic: decisions.Manager, Name: "npm"},
			{Topic: decisions.BuildScript, Name: "build", Decision: "tsc", Evidence: "package.json"},
			{Topic: decisions.Process, Name: "worker", Decision: "node worker.js"},
			{Topic: decisions.Process, Name: "web", Decision: "node server.js"},
		}}, image{Platform: "linux/arm64", Node: "24.1.0", Processes: []process{
			{"worker", []string{"/supervisor", "-event", "worker", "--", "node", "worker.js"}},
			{"web", []string{"/supervisor", "--", "node", "server.js"}},
		}}
}

func TestABuildIsComparedWithItsPlan(t *testing.T) {
	const said = "  Executing build scripts: build (package.json)\n"
	for _, row := range []struct {
		name   string
		change func(*plan, *image) string // what the build said
		want   string                     // in the error; "" for none
	}{
		{"as planned", func(*plan, *image) string { return said }, ""},
		{"a shell's command", func(p *plan, i *image) string {
			p.Decisions[4].Decision = "node a.js && node b.js"
			i.Processes[1].Command = []string{"/supervisor", "-event", "web", "-shell", "node a.js && node b.js", "--"}
			return said
		}, ""},
		{"a command with quotes", func(p *plan, i *image) string {
			p.Decisions[4].Decision = `node server.js --name "a b"`
			i.Processes[1].Command = append(i.Processes[1].Command, "--name", "a b")
			return said
		}, ""},
		{"no build script", func(*plan, *image) string { return "" }, "Executing build scripts: build"},
		{"another build script", func(*plan, *image) string { return "  Executing build scripts: build, more (package.json)\n" }, "Executing build scripts: build"},
		{"another Node.js", func(_ *plan, i *image) string { i.Node = "22.1.0"; return said }, "Node.js"},
		{"another command", func(_ *plan, i *image) string { i.Processes[1].Command[3] = "app.js"; return said }, "node app.js"},
		{"no process", func(_ *plan, i *image) string { i.Processes = nil; return said }, "start command"},
		{"a site with Node.js", func(p *plan, _ *image) string {
			p.Decisions = append(p.Decisions, decisions.Decision{Topic: decisions.Static, Decision: "dist"})
			return said + "  Making a site of the folder dist\n"
		}, "static site"},
		{"a site of another folder", func(p *plan, i *image) string {
			p.Decisions, i.Node = []decisions.Decision{{Topic: decisions.Static, Decision: "dist"}}, ""
			return "  Making a site of the folder dist/browser\n"
		}, `"dist/browser"`},
		{"a site of one of some folders", func(p *plan, i *image) string {
			p.Decisions, i.Node = []decisions.Decision{{Topic: decisions.Static, Decision: "dist/*/browser or dist"}}, ""
			return "  Making a site of the folder dist/app/browser\n"
		}, ""},
		{"a server that has become a site", func(*plan, *image) string { return said + "  Making a site of the folder dist\n" }, "makes a site"},
	} {
		p, i := server()
		said := row.change(&p, &i)
		err := asPlanned(p, said, i)
		if (row.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.name, err, row.want)
		}
	}
}

func TestAPlanIsComparedWithItsRow(t *testing.T) {
	p, _ := server()
	a := app{Manager: "npm@11.0.0", Command: "node server.js"}
	if err := expected(a, p, ""); err != nil {
		t.Error(err)
	}
	if expected(a, p, "Making a site of the folder dist\n") == nil {
		t.Error("a site is taken for a server")
	}
	for _, wrong := range []app{
		{Manager: "pnpm@10.0.0", Command: "node server.js"},
		{Manager: "npm", Command: "node app.js"},
		{Manager: "npm", Command: "node server.js", Framework: "Vite"},
		{Manager: "npm", Root: "dist"},
	} {
		if expected(wrong, p, "") == nil {
			t.Errorf("%+v is taken for %+v", wrong, p)
		}
	}
}

func TestTheLinesOfATarget(t *testing.T) {
	said := "[linux/arm64]   a\n[linux/amd64]   b\n  both\n"
	if got := ofTarget(said, "linux/arm64"); got != "  a\n  both\n" {
		t.Errorf("got %q", got)
	}
	if got := ofTarget("  one\n", "linux/arm64"); got != "  one\n" {
		t.Errorf("got %q", got)
	}
}
