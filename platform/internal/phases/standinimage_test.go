//go:build linux

package phases

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/internal/cnb/labels"
)

// layerWith returns a layer with one file.
func layerWith(content string) v1.Layer {
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "file", Size: int64(len(content)), Mode: 0o644})
	io.WriteString(archive, content)
	archive.Close()
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil }, tarball.WithCompressionLevel(gzip.BestSpeed))
	if err != nil {
		panic(err) // it was written just now
	}
	return layer
}

func diffID(content string) string {
	id, err := layerWith(content).DiffID()
	if err != nil {
		panic(err)
	}
	return id.String()
}

func (s *standIn) export() error {
	text, err := os.ReadFile(runImageFile)
	if err != nil {
		return err
	}
	image, err := remote.Image(reference(string(text)), auth())
	if err != nil {
		return err
	}
	if image, err = s.on(image, string(text)); err != nil {
		return err
	}
	fmt.Printf("Adding layer 'a/engine:node'\nSaving %s...\n", s.last)
	if err := remote.Write(reference(s.last), image, auth()); err != nil {
		return err
	}
	if s.script.Twice == "app" {
		if err := s.again(s.last, image); err != nil {
			return err
		}
	}
	fmt.Printf("*** Images (sha256:1):\n      %s\n", s.last)
	return s.leaveCache()
}

func (s *standIn) again(as string, image v1.Image) error {
	other, err := mutate.CreatedAt(image, v1.Time{Time: time.Unix(1, 0)})
	if err != nil {
		return err
	}
	return remote.Write(reference(as), other, auth())
}

// runImageName is the builder's name for its run image.
const runImageName = "registry.example/run:1"

// on returns the app's image on a run image.
func (s *standIn) on(run v1.Image, called string) (v1.Image, error) {
	digest, err := run.Digest()
	if err != nil {
		return nil, err
	}
	config, err := run.ConfigFile()
	if err != nil {
		return nil, err
	}
	top := config.RootFS.DiffIDs[len(config.RootFS.DiffIDs)-1]
	image, err := mutate.AppendLayers(run, layerWith(s.script.Node), layerWith("a module"), layerWith(s.script.Launcher), layerWith("the app"))
	if err != nil {
		return nil, err
	}
	if config, err = image.ConfigFile(); err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	made := &config.Config
	made.Env = slices.Clone(made.Env)
	for i, pair := range made.Env {
		if value, found := strings.CutPrefix(pair, "PATH="); found {
			made.Env[i] = "PATH=/cnb/process:/cnb/lifecycle:" + value
		}
	}
	made.Env = append(made.Env, "CNB_LAYERS_DIR=/layers", "CNB_APP_DIR=/workspace", "CNB_PLATFORM_API="+os.Getenv("CNB_PLATFORM_API"), "CNB_DEPRECATION_MODE=quiet")
	made.Entrypoint, made.WorkingDir = []string{"/cnb/process/web"}, appDir
	if s.script.User != "" {
		made.User = s.script.User
	}
	of := strings.TrimSuffix(called, ":latest") + "@" + digest.String()
	made.Labels = map[string]string{
		"declared": "yes", "changed": "by a buildpack",
		labels.Build: `{"buildpacks":[{"id":"a/engine","version":"1"}],"processes":[{"type":"web","direct":true,"buildpackID":"a/engine"}]}`,
		labels.Lifecycle: fmt.Sprintf(`{"app":[{"sha":%q}],"buildpacks":[{"key":"a/engine","version":"1","layers":{"node":{"sha":%q,"data":{"version":%q},"launch":true}}},`+
			`{"key":"b/install","version":"1","layers":{"modules":{"sha":%q,"data":{"any-target":true},"launch":true}}}],"launcher":{"sha":%q},"runImage":{"topLayer":%q,"reference":%q,"image":%q}}`,
			diffID("the app"), diffID(s.script.Node), s.script.Metadata, diffID("a module"), diffID(s.script.Launcher), top, of, runImageName),
	}
	return mutate.ConfigFile(image, config)
}

// leaveCache leaves a list and a file, or a cache image.
func (s *standIn) leaveCache() error {
	list := fmt.Sprintf(`{"buildpacks":[{"key":"a/engine","version":"1","layers":{"build":{"sha":%q,"data":{"version":%q},"cache":true}}}]}`, diffID(s.script.Cached), s.script.Metadata)
	if as := s.args["-cache-image"]; as != "" {
		image, err := mutate.AppendLayers(emptyFor("linux", "amd64", map[string]string{labels.Cache: list}), layerWith(s.script.Cached))
		if err != nil {
			return err
		}
		if err := remote.Write(reference(as), image, auth()); err != nil || s.script.Twice != "cache" {
			return err
		}
		return s.again(as, image)
	}
	if err := os.MkdirAll(cacheDir+"/committed", 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(cacheDir, cacheList), []byte(list), 0o644)
}

// rebase moves the layers above the run image's to another one (Platform API,
// "rebaser").
func (s *standIn) rebase() error {
	run, err := remote.Image(reference(s.args["-run-image"]), auth())
	if err != nil {
		return err
	}
	app, err := remote.Image(reference(s.last), auth())
	if err != nil {
		return err
	}
	if layers, err := app.Layers(); err != nil || len(layers) == 0 {
		return errors.Join(err, errors.New("the image has no layers"))
	}
	image, err := rebased(app, run, s.args["-run-image"])
	if err != nil {
		return err
	}
	return remote.Write(reference(s.last), image, auth())
}

func rebased(app, run v1.Image, called string) (v1.Image, error) {
	config, err := app.ConfigFile()
	if err != nil {
		return nil, err
	}
	var label map[string]any
	if err := json.Unmarshal([]byte(config.Config.Labels[labels.Lifecycle]), &label); err != nil {
		return nil, err
	}
	about := label["runImage"].(map[string]any)
	if about["image"] != called {
		return nil, fmt.Errorf("the image is on %s, and not on %s", about["image"], called)
	}
	layers, err := app.Layers()
	if err != nil {
		return nil, err
	}
	above := 1 + slices.IndexFunc(config.RootFS.DiffIDs, func(id v1.Hash) bool { return id.String() == about["topLayer"] })
	made, err := mutate.AppendLayers(run, layers[above:]...)
	if err != nil {
		return nil, err
	}
	now, err := made.ConfigFile()
	if err != nil {
		return nil, err
	}
	digest, err := run.Digest()
	if err != nil {
		return nil, err
	}
	about["reference"] = strings.TrimSuffix(called, ":latest") + "@" + digest.String()
	text, err := json.Marshal(label)
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.RootFS, config.History = now.RootFS, now.History
	config.Config.Labels[labels.Lifecycle] = string(text)
	return mutate.ConfigFile(made, config)
}

func emptyFor(os, arch string, labels map[string]string, env ...string) v1.Image {
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: os, Architecture: arch, Config: v1.Config{Labels: labels, Env: env}})
	if err != nil {
		panic(err) // it is a literal
	}
	return image
}
