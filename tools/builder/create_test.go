package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

// parts puts what a builder is made of into a folder: small, but of the real
// form, and of the real pack.
func parts(t *testing.T, labels map[string]string) settings {
	t.Helper()
	pack, err := filepath.Abs("../../build/bin/pack")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(pack); err != nil {
		t.Skip("pack is not there: make build/bin/pack")
	}
	dir := t.TempDir()
	for _, kind := range []string{"run", "run-tiny", "build"} {
		stackImage(t, filepath.Join(dir, "stack"), kind, labels)
	}
	archive := filepath.Join(dir, targets.LinuxAMD64.Dashed()+"-for-"+targets.LinuxAMD64.Dashed()+".tgz")
	lifecycleArchive(t, archive)
	bp := filepath.Join(dir, "buildpack")
	write(t, filepath.Join(bp, "buildpack.toml"), "api = \"0.10\"\n[buildpack]\n  id = \"armature/nodejs\"\n  version = \"1.0.0\"\n[[targets]]\n  os = \"linux\"\n  arch = \"amd64\"\n", 0o644)
	write(t, filepath.Join(bp, "bin", "detect"), "#!/bin/sh\n", 0o755)
	write(t, filepath.Join(bp, "bin", "build"), "#!/bin/sh\n", 0o755)
	write(t, filepath.Join(dir, "package.toml"), "[buildpack]\nuri = \"buildpack\"\n", 0o644)
	cmd := exec.Command(pack, "buildpack", "package", filepath.Join(dir, "armature_nodejs-1.0.0.cnb"), "--config", filepath.Join(dir, "package.toml"), "--format", "file", "--pull-policy", "never")
	cmd.Env = append(os.Environ(), "PACK_HOME="+filepath.Join(dir, "pack"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return settings{
		target: targets.LinuxAMD64, hosts: []targets.Target{targets.LinuxAMD64}, version: "1.0.0", repo: "armature",
		config: "../../builder/builder.toml", stack: filepath.Join(dir, "stack"), lifecycle: dir, packages: dir, pack: pack,
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func stackImage(t *testing.T, stack, kind string, labels map[string]string) {
	t.Helper()
	if err := os.MkdirAll(stack, 0o755); err != nil {
		t.Fatal(err)
	}
	layer, err := oci.WriteLayer(filepath.Join(t.TempDir(), "layer"), []oci.File{
		{Path: kind, Type: tar.TypeReg, Mode: 0o644}, {Path: statusDir + "libc6", Type: tar.TypeReg, Mode: 0o644, Content: []byte("Package: libc6\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if image, err = mutate.AppendLayers(image, layer); err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	named := map[string]string{idLabel: "io.example." + kind}
	maps.Copy(named, labels)
	config.Config = v1.Config{Labels: named, User: "1001:1000", Env: []string{"CNB_USER_ID=1001", "CNB_GROUP_ID=1000"}}
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	if err := oci.WriteLayout(filepath.Join(stack, kind+"-amd64"), image); err != nil {
		t.Fatal(err)
	}
}

func lifecycleArchive(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zip := gzip.NewWriter(file)
	w := tar.NewWriter(zip)
	const text = "[apis.platform]\n  supported = [\"0.12\", \"0.15\"]\n[apis.buildpack]\n  supported = [\"0.10\"]\n[lifecycle]\n  version = \"0.21.17\"\n"
	put := func(name, content string) {
		t.Helper()
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(content)), ModTime: oci.ModTime}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	put("lifecycle.toml", text)
	for _, program := range []string{"analyzer", "builder", "creator", "detector", "exporter", "launcher", "restorer"} {
		put("lifecycle/"+program, program)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
}

func madeOf(t *testing.T, s settings) (v1.Image, string) {
	t.Helper()
	s.out = filepath.Join(t.TempDir(), "builder")
	if err := create(t.Context(), io.Discard, s, ""); err != nil {
		t.Fatal(err)
	}
	index, err := layout.ImageIndexFromPath(s.out)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("got %+v, %v", manifest, err)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return image, s.out
}

func TestABuilderIsTheSameWheneverItIsMadeAndFitForEveryPlatform(t *testing.T) {
	s := parts(t, map[string]string{"io.buildpacks.base.distro.name": "debian"})
	first, out := madeOf(t, s)
	second, _ := madeOf(t, s)
	firstDigest, _ := first.Digest()
	if secondDigest, _ := second.Digest(); firstDigest != secondDigest || firstDigest.Hex == "" {
		t.Errorf("got %s, then %s", firstDigest, secondDigest)
	}

	manifest, err := first.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	if manifest.MediaType != types.OCIManifestSchema1 || manifest.Config.MediaType != types.OCIConfigJSON || len(manifest.Layers) < 3 {
		t.Errorf("got %+v", manifest)
	}
	for _, layer := range manifest.Layers {
		if layer.MediaType != types.OCILayer {
			t.Errorf("layer %s: got %s, want %s", layer.Digest, layer.MediaType, types.OCILayer)
		}
	}

	config, err := first.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct {
		Stack  struct{ RunImage struct{ Image string } }
		Images []struct{ Image string }
	}
	if err := json.Unmarshal([]byte(config.Config.Labels["io.buildpacks.builder.metadata"]), &metadata); err != nil {
		t.Fatal(err)
	}
	if len(metadata.Images) != 2 || metadata.Images[0].Image != "armature/run:amd64" || metadata.Stack.RunImage.Image != "armature/run:amd64" {
		t.Errorf("run images: got %+v", metadata)
	}
	if config.Config.Labels["io.buildpacks.base.distro.name"] != "debian" || len(config.RootFS.DiffIDs) != len(manifest.Layers) || len(config.History) != len(manifest.Layers) {
		t.Errorf("got %d diff ids, %d entries of history and the labels %v for %d layers", len(config.RootFS.DiffIDs), len(config.History), config.Config.Labels, len(manifest.Layers))
	}

	err = filepath.WalkDir(out, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		want := os.FileMode(0o644)
		if entry.IsDir() {
			want = 0o755
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s: got mode %o, want %o", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestALabelThatContainerdRefusesIsRefused(t *testing.T) {
	const name = "io.armature.packages"
	for _, tc := range []struct {
		length int
		want   bool // an error
	}{{4096 - len(name), false}, {4097 - len(name), true}} {
		labels := map[string]string{name: strings.Repeat("x", tc.length), labels.Builder: `{"images":[{"image":"a","mirrors":null}]}`}
		image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{Config: v1.Config{Labels: labels}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = finish(image)
		if (err != nil) != tc.want || tc.want && !strings.Contains(fmt.Sprint(err), "label "+name+": got 4097 bytes") {
			t.Errorf("%d bytes: got %v, want an error: %v", tc.length, err, tc.want)
		}
	}
}
