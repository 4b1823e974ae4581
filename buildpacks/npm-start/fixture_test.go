package npmstart_test

import (
	"bytes"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
)

// fixture is an app that a start command is made for.
type fixture struct {
	t      *testing.T
	Expect func(actual any, extra ...any) Assertion

	app, buildpack string
	root           string // of the layers of all buildpacks
	layers         string // of this one
	modules        string // node_modules of the launch, which nobody has made yet
	env            map[string]string
	log            bytes.Buffer
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	root := t.TempDir()
	f := &fixture{t: t, Expect: NewWithT(t).Expect, app: t.TempDir(), buildpack: t.TempDir(),
		root: root, layers: filepath.Join(root, "armature_npm-start"), modules: filepath.Join(root, "armature_npm-install", "launch-modules", "node_modules"),
		env: map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64"}}
	write(t, filepath.Join(f.buildpack, "bin", "linux-arm64", "supervisor"), "for arm64")
	write(t, filepath.Join(f.buildpack, "bin", "linux-amd64", "supervisor"), "for amd64")
	return f
}

func (f *fixture) packageJSON(text string) {
	f.t.Helper()
	write(f.t, filepath.Join(f.app, f.env["BP_NODE_PROJECT_PATH"], "package.json"), text)
}

func (f *fixture) build() (packit.BuildResult, error) {
	return npmstart.Build(environOf(f.env), scribe.NewEmitter(&f.log))(packit.BuildContext{
		WorkingDir:    f.app,
		CNBPath:       f.buildpack,
		Layers:        packit.Layers{Path: f.layers},
		BuildpackInfo: packit.BuildpackInfo{Name: "Some Buildpack", Version: "1.2.3"},
	})
}

// processes are those of a build that has to succeed.
func (f *fixture) processes() []packit.DirectProcess {
	f.t.Helper()
	result, err := f.build()
	f.Expect(err).NotTo(HaveOccurred())
	return result.Launch.DirectProcesses
}

// supervisor is a command of the supervisor's with these arguments.
func (f *fixture) supervisor(args ...string) []string {
	return append([]string{filepath.Join(f.layers, "supervisor", "bin", "supervisor")}, args...)
}

// web is the process that starts with a command.
func (f *fixture) web(command []string) packit.DirectProcess {
	return packit.DirectProcess{Type: "web", Command: command, Args: []string{}, Default: true, WorkingDirectory: f.app}
}
