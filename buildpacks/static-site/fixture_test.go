package staticsite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	staticsite "github.com/armature-cnb/armature/buildpacks/static-site"
	"github.com/armature-cnb/armature/internal/environ"
)

// fixture is an app after the scripts that build it.
type fixture struct {
	t                      *testing.T
	app, layers, buildpack string
	env                    environ.List
	log                    bytes.Buffer
}

func newFixture(t *testing.T, files map[string]string, env ...string) *fixture {
	t.Helper()
	f := &fixture{t: t, app: t.TempDir(), layers: filepath.Join(t.TempDir(), "armature_static-site"), buildpack: t.TempDir(),
		env: append(environ.List{"CNB_TARGET_OS=linux", "CNB_TARGET_ARCH=arm64"}, env...)}
	f.write(f.app, files)
	f.write(f.buildpack, map[string]string{"bin/linux-arm64/static-server": "for arm64", "bin/linux-amd64/static-server": "for amd64"})
	return f
}

func (f *fixture) write(dir string, files map[string]string) {
	f.t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			f.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fixture) detect() (packit.BuildPlan, error) {
	result, err := staticsite.Detect(f.env)(packit.DetectContext{WorkingDir: f.app})
	return result.Plan, err
}

func (f *fixture) build() (packit.BuildResult, error) {
	f.log.Reset()
	return staticsite.Build(f.env, scribe.NewEmitter(&f.log))(packit.BuildContext{
		WorkingDir: f.app, CNBPath: f.buildpack, Layers: packit.Layers{Path: f.layers}, BuildpackInfo: packit.BuildpackInfo{Name: "Site", Version: "1"},
	})
}

// below lists the files below a folder.
func below(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}
