package nodeengine_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
)

// hasLines fails unless the log has these lines one after the other, their
// indentation apart.
func (f *fixture) hasLines(t *testing.T, want ...string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(f.log.String()) {
		lines = append(lines, strings.TrimSpace(line))
	}
	if got, want := strings.Join(lines, "\n"), strings.Join(want, "\n"); !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant in it\n%s", got, want)
	}
}

func TestDebugShowsTheEnvironmentAndWhatTheBillsCover(t *testing.T) {
	f := newFixture(t)
	f.level = "DEBUG"
	f.set("BP_NODE_OPTIMIZE_MEMORY=true")
	plan := []packit.BuildpackPlanEntry{both(), entry("npm", "build")}
	check := func() {
		t.Helper()
		f.hasLines(t, "Configuring build environment",
			`NODE_ENV     -> "production"`,
			`NODE_HOME    -> "`+filepath.Join(f.layers, "node-build")+`"`,
			`NODE_OPTIONS -> "--use-openssl-ca"`,
			`NODE_VERBOSE -> "false"`)
		f.hasLines(t, "Configuring launch environment",
			`NODE_ENV        -> "production"`,
			`NODE_HOME       -> "`+filepath.Join(f.layers, "node")+`"`,
			`NODE_OPTIONS    -> "--use-openssl-ca"`,
			`NODE_VERBOSE    -> "false"`,
			`OPTIMIZE_MEMORY -> "true"`)
		f.hasLines(t, "Generating SBOM for "+filepath.Join(f.layers, "node"), "Node.js 24.1.0",
			"Generating SBOM for "+filepath.Join(f.layers, "node-build"), "Node.js 24.1.0", "npm 11.0.0",
			"Writing SBOM in the following format(s):", "application/vnd.cyclonedx+json")
	}
	first, err := f.build(plan...)
	if err != nil {
		t.Fatal(err)
	}
	check()
	f.restore(t, first)
	f.log.Reset()
	if _, err := f.build(plan...); err != nil {
		t.Fatal(err)
	}
	f.hasLines(t, "Reusing layer node: Node.js 24.1.0")
	check()
}

func TestDebugSaysThatThereAreNoBills(t *testing.T) {
	f := newFixture(t)
	f.level = "DEBUG"
	f.set("BP_DISABLE_SBOM=true")
	if _, err := f.build(both()); err != nil {
		t.Fatal(err)
	}
	f.hasLines(t, "Writing no bill of materials: BP_DISABLE_SBOM is true")
	if strings.Contains(f.log.String(), "Generating SBOM") {
		t.Errorf("got\n%s", f.log.String())
	}
}

func TestDebugShowsTheEnvironmentBesideAnExtension(t *testing.T) {
	f := newFixture(t)
	f.level = "DEBUG"
	if _, err := f.build(entry("npm", "build", "launch")); err != nil {
		t.Fatal(err)
	}
	f.hasLines(t, "Configuring build environment", `NODE_ENV     -> "production"`)
	f.hasLines(t, "Configuring launch environment", `NODE_ENV     -> "production"`)
}

func TestDebugShowsWhereTheAuthoritiesAre(t *testing.T) {
	f := newFixture(t)
	f.level = "DEBUG"
	server := httptest.NewTLSServer(http.HandlerFunc(f.serve))
	t.Cleanup(server.Close)
	f.trust(t, server)
	if _, err := f.build(both()); err != nil {
		t.Fatal(err)
	}
	if want := `NODE_EXTRA_CA_CERTS -> "` + filepath.Join(f.layers, "ca-certificates", "bindings.pem") + `"`; !strings.Contains(f.log.String(), want) {
		t.Errorf("got\n%s\nwant in it\n%s", f.log.String(), want)
	}
}

// What is done, where from and why, is what people read.
func TestTheUsualLogTellsWhatIsInstalled(t *testing.T) {
	f := newFixture(t)
	f.set("BP_NPM_REGISTRY=https://last.example/")
	if _, err := f.build(both(), entry("npm", "launch")); err != nil {
		t.Fatal(err)
	}
	f.hasLines(t, "Installing Node.js 24.1.0")
	f.hasLines(t, "npm is there because an entry of the plan wants it at launch")
	f.hasLines(t, "npm takes packages from the registry of BP_NPM_REGISTRY when its configuration names none")
	for _, want := range []string{"Layer node: node and npm for linux/arm64, from ", "Layer node-build: node, npm 11.0.0 and headers for linux/amd64, for the build, from ", "Completed in "} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("got\n%s\nwant in it\n%s", f.log.String(), want)
		}
	}
}

func TestTheUsualLogHasNoEnvironment(t *testing.T) {
	f := newFixture(t)
	if _, err := f.build(both()); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"environment", "SBOM", "NODE_HOME"} {
		if strings.Contains(f.log.String(), line) {
			t.Errorf("got\n%s\nwithout %s", f.log.String(), line)
		}
	}
}
