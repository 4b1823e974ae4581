package nodeengine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

func TestBuildChoosesTheVersionBySource(t *testing.T) {
	of := func(version, source string) packit.BuildpackPlanEntry {
		return entry("node", "launch", "version="+version, "version-source="+source)
	}
	for _, tc := range []struct {
		name    string
		entries []packit.BuildpackPlanEntry
		want    string
	}{
		{name: "the default without any", entries: []packit.BuildpackPlanEntry{entry("node", "launch")}, want: "24.2.0 (the default)"},
		{name: "the variable first", entries: []packit.BuildpackPlanEntry{of("20", "other"), of("20", ".node-version"), of("20", ".nvmrc"), of("20", "package.json"), of("22", "BP_NODE_VERSION")}, want: `22.1.0 (BP_NODE_VERSION: "22")`},
		{name: "then package.json", entries: []packit.BuildpackPlanEntry{of("20", "other"), of("20", ".node-version"), of("20", ".nvmrc"), of("22", "package.json")}, want: `22.1.0 (package.json: "22")`},
		{name: "then .nvmrc", entries: []packit.BuildpackPlanEntry{of("20", "other"), of("20", ".node-version"), of("22", ".nvmrc")}, want: `22.1.0 (.nvmrc: "22")`},
		{name: "then .node-version", entries: []packit.BuildpackPlanEntry{of("20", "other"), of("22", ".node-version")}, want: `22.1.0 (.node-version: "22")`},
		{name: "then any other", entries: []packit.BuildpackPlanEntry{entry("node", "launch"), of("22", "another buildpack")}, want: `22.1.0 (another buildpack: "22")`},
		{name: "one without a source", entries: []packit.BuildpackPlanEntry{entry("node", "launch", "version=22")}, want: `22.1.0 (<unknown>: "22")`},
		{name: "an empty request is none", entries: []packit.BuildpackPlanEntry{of("", "package.json"), of("22", ".nvmrc")}, want: `22.1.0 (.nvmrc: "22")`},
		{name: "default is a request", entries: []packit.BuildpackPlanEntry{of("default", "BP_NODE_VERSION"), of("22", ".nvmrc")}, want: "24.2.0 (the default)"},
		{name: "a bad request that does not decide", entries: []packit.BuildpackPlanEntry{of("newest", ".nvmrc"), of("22", "BP_NODE_VERSION")}, want: `22.1.0 (BP_NODE_VERSION: "22")`},
		{name: "an alias in the variable", entries: []packit.BuildpackPlanEntry{of("lts/jod", "BP_NODE_VERSION")}, want: `22.1.0 (BP_NODE_VERSION: "lts/jod")`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.host = targets.LinuxARM64
			if _, err := f.build(tc.entries...); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(f.log.String(), "Selected Node.js "+tc.want+"\n") {
				t.Errorf("got\n%s\nwant %s", f.log.String(), tc.want)
			}
		})
	}
}

func TestBuildTakesTheNearestOfAnExactVersionThatIsGone(t *testing.T) {
	f := newFixture(t)
	if _, err := f.build(entry("node", "launch", "version=22.1.7", "version-source=.nvmrc")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"WARNING: .nvmrc asks for Node.js 22.1.7, which does not exist here: using 22.1.0", "Selected Node.js 22.1.0"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("got\n%s\nwant %s", f.log.String(), want)
		}
	}
}

func TestBuildListsOnlyEntriesWithARequest(t *testing.T) {
	nothing := entry("node", "launch", "version=", "version-source=")
	request := entry("node", "version=22", "version-source=.nvmrc")
	for _, tc := range []struct {
		name    string
		entries []packit.BuildpackPlanEntry
		want    string
	}{
		{name: "none", entries: []packit.BuildpackPlanEntry{both(), nothing}},
		{name: "one", entries: []packit.BuildpackPlanEntry{both(), nothing, request}, want: `.nvmrc -> "22"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			if _, err := f.build(tc.entries...); err != nil {
				t.Fatal(err)
			}
			log := f.log.String()
			if strings.Contains(log, `-> ""`) || strings.Contains(log, "Candidate") != (tc.want != "") || !strings.Contains(log, tc.want) {
				t.Errorf("got\n%s\nwant %q", log, tc.want)
			}
		})
	}
}

func TestBuildWarnsOfTheEndOfLife(t *testing.T) {
	end := time.Date(2027, 4, 30, 0, 0, 0, 0, time.UTC) // of 22
	for _, tc := range []struct {
		name, want string
		now        time.Time
	}{
		{name: "not 31 days before", now: end.AddDate(0, 0, -31)},
		{name: "29 days before", now: end.AddDate(0, 0, -29), want: "Node.js 22 reaches its end of life on 2027-04-30"},
		{name: "on the day", now: end, want: "Node.js 22 reached its end of life on 2027-04-30"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.now = tc.now
			if _, err := f.build(entry("node", "launch", "version=22")); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(f.log.String(), "WARNING"); got != (tc.want != "") || !strings.Contains(f.log.String(), tc.want) {
				t.Errorf("got\n%s\nwant %q", f.log.String(), tc.want)
			}
		})
	}
}

func TestBuildPrefersABakedVersionOfTheLine(t *testing.T) {
	for _, tc := range []struct{ name, request, want string }{
		{name: "a line", request: "24", want: "24.1.0"},
		{name: "the default", request: "", want: "24.1.0"},
		{name: "another version, when named", request: "24.2.0", want: "24.2.0"},
		{name: "in place of an exact version that is gone", request: "24.2.9", want: "24.1.0"},
		{name: "another line", request: "22", want: "22.1.0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.host = targets.LinuxARM64 // so that 24.2.0 would be chosen
			content := f.files["/dist/v24.1.0/node-v24.1.0-linux-arm64.tar.gz"]
			f.write(t, f.buildpack, "dependencies/"+strings.Replace(digest(content), ":", "-", 1), string(content))
			if _, err := f.build(entry("node", "launch", "version="+tc.request)); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(f.log.String(), "Selected Node.js "+tc.want) {
				t.Errorf("got\n%s\nwant %s", f.log.String(), tc.want)
			}
		})
	}
}
