//go:build linux

package images_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

// FuzzFind looks for an OCI layout that causes a panic. It has blobs for the
// digests of its index and manifest, whatever their content.
func FuzzFind(f *testing.F) {
	const digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	const other = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	index := `{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"` + digest + `","size":1}]}`
	manifest := `{"schemaVersion":2,"config":{"digest":"` + other + `","size":2},"layers":[{"digest":"` + other + `","size":2}]}`
	f.Add([]byte(index), []byte(manifest), []byte(`{"os":"linux","architecture":"arm64","rootfs":{"diff_ids":["`+other+`"]}}`))
	f.Add([]byte(index), []byte(`{"config":null}`), []byte(`null`))
	f.Add([]byte(`{"manifests":[{"digest":"sha256:../../x"}]}`), []byte(`[]`), []byte(`{}`))
	f.Fuzz(func(t *testing.T, index, manifest, config []byte) {
		dir := t.TempDir()
		for path, content := range map[string][]byte{
			"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`), "index.json": index,
			"blobs/sha256/" + digest[7:]: manifest, "blobs/sha256/" + other[7:]: config,
		} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, path), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		image, err := asked.Find(t.Context(), dir, targets.LinuxARM64)
		var f *failure.Failure
		if err != nil {
			if !errors.As(err, &f) {
				t.Errorf("got %v, want a failure", err)
			}
			return
		}
		for _, read := range []func(v1.Image) error{
			func(i v1.Image) error { _, err := i.Layers(); return err },
			func(i v1.Image) error { _, err := i.Digest(); return err },
			func(i v1.Image) error { _, err := i.Size(); return err },
		} {
			read(image)
		}
	})
}
