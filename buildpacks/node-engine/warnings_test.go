package nodeengine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
)

// ended is a fixture whose inventory knows of a day after the end of line 20.
func ended(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	text := read(t, f.buildpack, "buildpack.toml")
	f.write(t, f.buildpack, "buildpack.toml", strings.Replace(text, "line = 26\n", "line = 26\nnewest-release = \"2026-08-05\"\n", 1))
	return f
}

func TestBuildTakesARangeOfAnEndedLineWithAWarning(t *testing.T) {
	for _, tc := range []struct{ name, request, source, now string }{
		{name: "a line", request: "20", source: "BP_NODE_VERSION", now: "2026-09-01"},
		{name: "a line with x", request: "20.x", source: "package.json", now: "2026-09-01"},
		{name: "a range", request: ">=19 <21", source: "package.json", now: "2026-09-01"},
		{name: "a codename", request: "lts/iron", source: "BP_NODE_VERSION", now: "2026-09-01"},
		{name: "whatever the clock says", request: "20.x", source: ".nvmrc", now: "2025-01-01"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := ended(t)
			var err error
			if f.now, err = time.Parse(time.DateOnly, tc.now); err != nil {
				t.Fatal(err)
			}
			result, err := f.build(entry("node", "launch", "version="+tc.request, "version-source="+tc.source))
			if err != nil {
				t.Fatal(err)
			}
			if got := layer(t, result, "node").Metadata["version"]; got != "20.1.0" {
				t.Errorf("got %s", got)
			}
			want := "WARNING: " + tc.source + " asks for Node.js \"" + tc.request + "\", but line 20 reached its end of life on 2026-04-30 and gets no security fixes any more: using 20.1.0. " +
				"Move to line 22 or a newer one. Set BP_NODE_VERSION_STRICT to true to make this an error."
			if log := f.log.String(); !strings.Contains(log, want) || strings.Count(log, "WARNING") != 1 {
				t.Errorf("got\n%s\nwant %s", log, want)
			}
		})
	}
}

func TestStrictRefusesARangeOfAnEndedLine(t *testing.T) {
	f := ended(t)
	f.set("BP_NODE_VERSION_STRICT=true")
	_, err := f.build(entry("node", "launch", "version=20.x", "version-source=package.json"))
	if !errors.Is(err, &failure.Failure{ID: "node-end-of-life"}) || !strings.Contains(err.Error(), "20.1.0") {
		t.Errorf("got %v", err)
	}
	if result, err := f.build(entry("node", "launch", "version=20.1.0")); err != nil || layer(t, result, "node").Metadata["version"] != "20.1.0" {
		t.Errorf("an exact version: got %v", err)
	}
}

func TestARangeThatFitsALivingLineKeepsChoosingIt(t *testing.T) {
	for _, tc := range []struct{ request, want string }{{">=20", "24.1.0"}, {"20 || 22", "22.1.0"}, {"18 || 20 || 26", "26.1.0"}, {"*", "24.1.0"}} {
		f := ended(t)
		f.now = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
		result, err := f.build(entry("node", "launch", "version="+tc.request))
		if err != nil {
			t.Fatal(err)
		}
		if got := layer(t, result, "node").Metadata["version"]; got != tc.want || strings.Contains(f.log.String(), "WARNING") {
			t.Errorf("%s: got %s, want %s\n%s", tc.request, got, tc.want, f.log.String())
		}
	}
}

func TestBuildNamesTheIgnoredRequest(t *testing.T) {
	const by = " is not heeded: "
	for _, tc := range []struct {
		name     string
		requests []string // "<source>=<version>"
		want     string
	}{
		{name: "the files agree", requests: []string{"package.json=>=22", ".nvmrc=24"}},
		{name: "another line", requests: []string{"package.json=22 || 24 || 26", ".nvmrc=26"}, want: `.nvmrc asks for Node.js "26", which is not heeded: package.json goes before it; 26.1.0 would suit both.`},
		{name: "nothing in common", requests: []string{"package.json=24", ".nvmrc=22"}, want: `.nvmrc asks for Node.js "22", which is not heeded: package.json goes before it.`},
		{name: "an ended line in common", requests: []string{"package.json=>=20", ".nvmrc=20"}, want: `.nvmrc asks for Node.js "20", which is not heeded: package.json goes before it.`},
		{name: "an entry without a source", requests: []string{"package.json=24", "=22"}, want: `another buildpack asks for Node.js "22", which is not heeded: package.json goes before it.`},
		{name: "the same twice", requests: []string{"package.json=24", ".nvmrc=22", ".nvmrc=22"}, want: `.nvmrc asks for Node.js "22", which is not heeded: package.json goes before it.`},
		{name: "the setting overrides both", requests: []string{"BP_NODE_VERSION=24", "package.json=22", ".nvmrc=24"}, want: `package.json asks for Node.js "22", which is not heeded: BP_NODE_VERSION goes before it.`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := ended(t)
			f.now = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
			var plan []packit.BuildpackPlanEntry
			for _, request := range tc.requests {
				source, version, _ := strings.Cut(request, "=")
				metadata := []string{"launch", "version=" + version}
				if source != "" {
					metadata = append(metadata, "version-source="+source)
				}
				plan = append(plan, entry("node", metadata...))
			}
			if _, err := f.build(plan...); err != nil {
				t.Fatal(err)
			}
			log := f.log.String()
			if tc.want == "" && strings.Contains(log, by) {
				t.Errorf("got\n%s\nwant no such line", log)
			}
			if tc.want != "" && (!strings.Contains(log, "WARNING: "+tc.want) || strings.Count(log, by) != 1) {
				t.Errorf("got\n%s\nwant %s", log, tc.want)
			}
		})
	}
}

func TestBuildWarnsOfEachIgnoredRequestOnce(t *testing.T) {
	f := newFixture(t)
	_, err := f.build(both(), entry("node", "version=24", "version-source=.nvmrc"),
		entry("node", "version=20", "version-source=one"), entry("node", "version=22", "version-source=two"), entry("node", "version=20", "version-source=one"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`WARNING: one asks for Node.js "20"`, `WARNING: two asks for Node.js "22"`} {
		if got := strings.Count(f.log.String(), want); got != 1 {
			t.Errorf("%s: got it %d times in\n%s", want, got, f.log.String())
		}
	}
}
