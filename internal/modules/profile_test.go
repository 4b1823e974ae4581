package modules

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/native"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// BenchmarkOwnWork measures a buildpack's own work, without its manager, with the
// modules of a real app.
func BenchmarkOwnWork(b *testing.B) {
	app := os.Getenv("ARMATURE_PROFILE_APP")
	if app == "" {
		b.Skip("ARMATURE_PROFILE_APP names no app: run make profile")
	}
	modules := filepath.Join(app, nodemodules.Dir)
	run := func(name string, work func() error) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := work(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("digest", func() error { _, err := tree.Digest(modules); return err })
	run("native", func() error { _, err := native.Find(app, targets.LinuxARM64); return err })
	run("links", func() error { _, err := tree.AnchorLinks(modules); return err })
	run("sbom", func() error { return describe(app) })
	dir := b.TempDir()
	b.Run("copy", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			to := filepath.Join(dir, strconv.Itoa(i))
			if err := tree.Copy(modules, to); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			if err := tree.Remove(to); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	})
}

// describe makes the bills of materials of an app's modules, in all formats.
func describe(app string) error {
	p := &Project{Dir: app}
	f := &fake{project: p}
	e := &engine{project: p, manager: f, selection: newSelection(f, p), method: Method{Kind: Vendored}, context: packit.BuildContext{Layers: packit.Layers{Path: filepath.Join(app, "none")}}}
	for _, format := range e.billOfMaterials(spec{launch: true}, &packit.Layer{}).Formats() {
		if _, err := io.Copy(io.Discard, format.Content); err != nil {
			return err
		}
	}
	return nil
}
