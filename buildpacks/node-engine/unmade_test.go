package nodeengine

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/distribution"
)

// A layer that cannot be made is none.
func TestLayersBelowAFileAreErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	run := &build{builder: builder{Logger: scribe.NewEmitter(io.Discard)}, context: packit.BuildContext{Layers: packit.Layers{Path: file}}}
	if layer, err := run.environmentLayer(); err == nil {
		t.Errorf("the environment: got %v", layer)
	}
	if layer, err := run.certificates(); err == nil {
		t.Errorf("the certificates: got %v", layer)
	}
	if layers, err := run.unpack(nil); err == nil {
		t.Errorf("downloads: got %v", layers)
	}
	i := installation{name: "node", passing: true, layers: packit.Layers{Path: t.TempDir()}}
	if layer, err := i.install(t.Context(), distribution.Found{Unpacked: true, Node: filepath.Join(file, "node")}); err == nil {
		t.Errorf("a release that cannot be linked: got %v", layer)
	}
}

func TestNothingIsFetchedForAProjectThatIsNotThere(t *testing.T) {
	run := &build{builder: builder{Environ: environ.List{"BP_NODE_PROJECT_PATH=nowhere"}}, context: packit.BuildContext{WorkingDir: t.TempDir()}}
	if finder, err := run.finder(t.TempDir()); err == nil {
		t.Errorf("got %v", finder)
	}
}
