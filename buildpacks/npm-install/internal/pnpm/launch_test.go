package pnpm

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// Another buildpack may call pnpm at launch, too: then the app has its settings.
func TestPNPMAtLaunch(t *testing.T) {
	const version = "10.34.9"
	release, _ := managerreleases.Known().Find(packagemanager.PNPM, semver.MustParse(version))
	packages, ok := release.For(targets.LinuxARM64)
	if !ok {
		t.Fatalf("there is no pnpm %s", version)
	}
	for _, row := range []struct {
		name             string
		app, plan, wants bool
	}{{"nobody", false, false, false}, {"the app", true, false, true}, {"a buildpack", false, true, true}} {
		t.Run(row.name, func(t *testing.T) {
			m, layers := inApp(t, "{}"), t.TempDir()
			m.env = m.env.With("CNB_TARGET_OS", "linux").With("CNB_TARGET_ARCH", "arm64")
			m.request = programs.Request{Manager: packagemanager.PNPM, Version: version}
			if err := os.MkdirAll(filepath.Join(layers, "pnpm", "bin"), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(layers, "pnpm", "bin", "pnpm"), "#!/bin/sh\n")
			for _, name := range []string{"pnpm", "pnpm-launch"} { // of the build before
				write(t, filepath.Join(layers, name+".toml"), fmt.Sprintf("[metadata]\nprogram = %q\n", "pnpm "+version+"  "+packages[0].Checksum.String()))
			}
			context := packit.BuildContext{Layers: packit.Layers{Path: layers}, Plan: packit.BuildpackPlan{Entries: []packit.BuildpackPlanEntry{
				{Name: packagemanager.PNPM, Metadata: map[string]any{"launch": row.plan}},
			}}}
			if _, err := m.Prepare(context, nil, row.app); err != nil || m.atLaunch != row.wants {
				t.Errorf("got %t, %v, want %t", m.atLaunch, err, row.wants)
			}
		})
	}
}
