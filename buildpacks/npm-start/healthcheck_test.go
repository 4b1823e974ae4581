package npmstart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
)

// healthOf is the process healthcheck of a build, and the label.
func healthOf(t *testing.T, f *fixture) (*packit.DirectProcess, string, error) {
	t.Helper()
	result, err := f.build()
	for _, process := range result.Launch.DirectProcesses {
		if process.Type == "healthcheck" {
			return &process, result.Launch.Labels[npmstart.HealthLabel], err
		}
	}
	return nil, result.Launch.Labels[npmstart.HealthLabel], err
}

func TestAHealthCheckIsAProcess(t *testing.T) {
	for _, row := range []struct{ name, pkg, server, path, want string }{
		{"the port of the file", `{"scripts":{"start":"node server.js"}}`, "listen(process.env.PORT || 4567)", "/health?a=b", "PORT 4567 /health?a=b"},
		{"a usual port", `{"scripts":{"start":"node server.js"}}`, "listen(process.env.PORT)", "/", "PORT 8080 /"},
		{"no setting", `{"scripts":{"start":"node server.js"}}`, "listen(process.env.PORT)", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			write(t, filepath.Join(f.buildpack, "bin/linux-arm64/healthcheck"), "probe")
			f.packageJSON(row.pkg)
			write(t, filepath.Join(f.app, "server.js"), row.server)
			if row.path != "" {
				f.env["BP_HEALTH_CHECK_PATH"] = row.path
			}
			process, label, err := healthOf(t, f)
			if err != nil {
				t.Fatal(err)
			}
			if row.want == "" {
				if process != nil || label != "" {
					t.Errorf("got %+v, %q, want none", process, label)
				}
				return
			}
			if process == nil || process.Default || label != "/cnb/process/healthcheck" {
				t.Fatalf("got %+v, %q", process, label)
			}
			program := process.Command[0]
			if got := strings.Join(process.Command[1:], " "); got != row.want || !strings.HasSuffix(program, "/healthcheck/bin/healthcheck") {
				t.Errorf("got %q, want %s", process.Command, row.want)
			}
			if text, err := os.ReadFile(program); err != nil || string(text) != "probe" {
				t.Errorf("the layer has %q, %v", text, err)
			}
		})
	}
}

func TestAHealthCheckTakesTheProbeOfTheTarget(t *testing.T) {
	f := newFixture(t)
	f.packageJSON(`{"scripts":{"start":"node server.js"}}`)
	write(t, filepath.Join(f.app, "server.js"), "")
	write(t, filepath.Join(f.buildpack, "bin/linux-amd64/healthcheck"), "probe of another target")
	f.env["BP_HEALTH_CHECK_PATH"] = "/"
	if _, _, err := healthOf(t, f); err == nil || !strings.Contains(err.Error(), "the buildpack has no healthcheck for linux/arm64") {
		t.Errorf("got %v", err)
	}
}

func TestAHealthCheckThatCannotBe(t *testing.T) {
	for _, row := range []struct{ path, procfile string }{{"health", ""}, {"/a b", ""}, {"/", "web: node server.js\nhealthcheck: node check.js\n"}} {
		f := newFixture(t)
		f.packageJSON(`{"scripts":{"start":"node server.js"}}`)
		write(t, filepath.Join(f.app, "server.js"), "")
		if row.procfile != "" {
			write(t, filepath.Join(f.app, "Procfile"), row.procfile)
		}
		f.env["BP_HEALTH_CHECK_PATH"] = row.path
		if _, _, err := healthOf(t, f); err == nil || !strings.HasPrefix(err.Error(), "[setting-invalid]") {
			t.Errorf("%q: got %v", row.path, err)
		}
	}
}
