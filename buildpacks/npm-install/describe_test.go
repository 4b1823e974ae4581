package npminstall_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
)

const withDev = `{"name":"app","version":"1.0.0","dependencies":{"word":"^1.0.0"},"devDependencies":{"tool":"^2.0.0"}}`

func TestLaterBuildpacksSeeDevelopmentDependencies(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, variable, value, want string }{
		{"nothing is set", "", "", "dev"},
		{"NODE_ENV is production", "NODE_ENV", "production", "dev"},
		{"npm is to leave some out", "NPM_CONFIG_OMIT", "optional", ""},
		{"npm is to include others", "npm_config_include", "peer", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			f.withLock(files{"package.json": withDev})
			if row.variable != "" {
				f.env = f.env.With(row.variable, row.value)
			}
			env := f.built(buildOnly)["build-modules"].BuildEnv
			if got := env["NPM_CONFIG_INCLUDE.default"]; got != row.want {
				t.Errorf("NPM_CONFIG_INCLUDE: got %q, want %q", got, row.want)
			}
			if got, set := env["NODE_ENV.default"]; set {
				t.Errorf("NODE_ENV is %q", got)
			}
		})
	}
}

func TestNodeEnvDoesNotKeepDevelopmentDependencies(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, nodeEnv, include string
		plan                   packit.BuildpackPlan
		warns                  bool
	}{
		{name: "development", nodeEnv: "development", plan: launchOnly, warns: true},
		{name: "production", nodeEnv: "production", plan: launchOnly},
		{name: "development, and npm is told to include them", nodeEnv: "development", include: "dev", plan: launchOnly},
		{name: "development, and nothing for the launch", nodeEnv: "development", plan: buildOnly},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			f.withLock(files{"package.json": withDev})
			f.env = f.env.With("NODE_ENV", row.nodeEnv).With("NPM_CONFIG_INCLUDE", row.include)
			f.built(row.plan)
			if got := strings.Contains(f.log.String(), "WARNING: NODE_ENV=development"); got != row.warns {
				t.Errorf("whether it warns is %t:\n%s", got, f.log.String())
			}
		})
	}
}

// What layers give to later buildpacks and to the app is in a log that says
// everything, also when they are reused.
func TestADebugLogHasTheEnvironment(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.withLock(files{"package.json": withDev})
	manifest, lock := f.read("package.json"), f.read("package-lock.json")
	said := func(level string) string {
		t.Helper()
		var log bytes.Buffer
		result, err := npminstall.Build(f.env, scribe.NewEmitter(&log).WithLevel(level))(packit.BuildContext{
			WorkingDir: f.app, CNBPath: "/cnb/npm-install", Layers: packit.Layers{Path: f.layersDir}, Platform: packit.Platform{Path: f.platform}, Plan: buildAndLaunch,
			BuildpackInfo: packit.BuildpackInfo{Version: "1.2.3", SBOMFormats: []string{"application/vnd.cyclonedx+json"}},
		})
		if err != nil {
			t.Fatalf("%s\n%s", err, log.String())
		}
		f.layers = map[string]packit.Layer{}
		for _, layer := range result.Layers {
			f.layers[layer.Name] = layer
		}
		f.next(func() { writeFiles(t, f.app, files{"package.json": manifest, "package-lock.json": lock}) })
		return log.String()
	}
	wanted := []string{
		"Configuring build environment\n", `ARMATURE_BUILD_INCLUDES_DEV -> "true"`, `ARMATURE_LAUNCH_MODULES     -> "` + f.in("launch-modules") + `"`, `NPM_CONFIG_INCLUDE          -> "dev"`,
		`PATH                        -> "$PATH:` + f.modules("build-modules", ".bin") + `"`,
		"Configuring launch environment\n", `NODE_PROJECT_PATH   -> "` + f.app + `"`, `NPM_CONFIG_LOGLEVEL -> "error"`,
		"Generating SBOM for " + f.in("build-modules"), "Generating SBOM for " + f.in("launch-modules"), "Formats: application/vnd.cyclonedx+json",
	}
	for _, when := range []string{"at first", "when both layers are reused"} {
		log := said("DEBUG")
		if reused := strings.Count(log, "Reusing cached layer"); when != "at first" && reused != 2 {
			t.Errorf("%d layers are reused, want 2:\n%s", reused, log)
		}
		for _, want := range wanted {
			if !strings.Contains(log, want) {
				t.Errorf("%s the log does not say %q:\n%s", when, want, log)
			}
		}
	}
	if log := said("INFO"); strings.Contains(log, "environment\n") || strings.Contains(log, "SBOM") {
		t.Errorf("it says so without DEBUG, too:\n%s", log)
	}
}

// npm takes a byte order mark off, wherever it reads a package.json.
func TestAByteOrderMarkInTheRootsPackageJSON(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const mark = "\ufeff"
	root := mark + `{"name":"root","private":true,"workspaces":["packages/*"],"scripts":{"prepare":"exit 7"}}`
	f.withLock(files{"package.json": root, "packages/web/package.json": mark + `{"name":"web","version":"1.0.0","dependencies":{"word":"^1.0.0"}}`})
	f.env = f.env.With("BP_NODE_PROJECT_PATH", "packages/web")
	f.built(launchOnly)
	if got := f.read("package.json"); got != root {
		t.Errorf("package.json became %q", got)
	}
}
