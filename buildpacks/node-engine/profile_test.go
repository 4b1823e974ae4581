package nodeengine

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/node/distribution"
	"github.com/armature-cnb/armature/internal/node/inventory"
)

// BenchmarkInstall verifies real archives of Node.js and makes the launch layer
// and the build layer.
func BenchmarkInstall(b *testing.B) {
	archives := os.Getenv("ARMATURE_PROFILE_ARCHIVES")
	if archives == "" {
		b.Skip("ARMATURE_PROFILE_ARCHIVES names no folder of archives: run make profile")
	}
	all, err := inventory.Read("buildpack.toml")
	if err != nil {
		b.Fatal(err)
	}
	host, err := targets.Host()
	if err != nil {
		b.Fatal(err)
	}
	finder := distribution.Finder{Source: distribution.Auto, Baked: archives}
	var wanted []installation
	for _, version := range all.Versions(host) {
		release, _ := all.Release(version, host)
		if need := (distribution.Need{Release: release, NPM: true}); distribution.IsBaked(archives, need) {
			wanted = []installation{
				{Need: distribution.Need{Release: release}, name: launchLayer},
				{Need: need, name: buildLayer, dirs: []string{"include"}},
			}
		}
	}
	if wanted == nil {
		b.Fatalf("%s has no version of Node.js for %s", archives, host)
	}
	dir := b.TempDir()
	for _, one := range wanted {
		b.Run(one.name, func(b *testing.B) {
			one.finish = func(*packit.Layer, distribution.Found) {}
			for i := 0; b.Loop(); i++ {
				one.layers = packit.Layers{Path: filepath.Join(dir, one.name+strconv.Itoa(i))}
				if err := os.Mkdir(one.layers.Path, 0o755); err != nil {
					b.Fatal(err)
				}
				found, err := finder.Find(b.Context(), one.Need)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := one.install(b.Context(), found[0]); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := os.RemoveAll(one.layers.Path); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
