package nodeengine_test

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
)

func TestBuildRefusesAndLeavesNothing(t *testing.T) {
	for _, tc := range []struct {
		name, id, want string
		environ        []string
		entry          packit.BuildpackPlanEntry
		spoil          func(f *fixture)
	}{
		{name: "an unknown version", id: "node-version-unknown", want: "20.1.0", entry: entry("node", "build", "launch", "version=99", "version-source=.nvmrc")},
		{name: "an exact version that the host does not have", id: "node-version-unknown", want: "linux/arm64 and linux/amd64", environ: []string{"BP_NODE_VERSION_STRICT=true"}, entry: entry("node", "build", "launch", "version=24.2.0")},
		{name: "a word for a version", id: "node-version-invalid", want: `"newest"`, entry: entry("node", "build", "launch", "version=newest")},
		{name: "an unsupported target", id: "target-unsupported", want: "want linux/arm64 or linux/amd64", environ: []string{"CNB_TARGET_ARCH=riscv64"}},
		{name: "a source that there is not", id: "setting-invalid", want: "want auto, nodejs.org, npm", environ: []string{"BP_NODE_SOURCE=yarn"}},
		{name: "both sources unreachable", id: "node-download-failed", want: "neither from nodejs.org nor from the npm registry", spoil: func(f *fixture) { f.nodejs.Close(); f.registry.Close() }},
		{
			name: "no registry when one is needed", id: "npm-registry-unknown", want: "NPM_CONFIG_REGISTRY",
			environ: []string{"BP_NODE_SOURCE=npm", "NPM_CONFIG_REGISTRY="},
		},
		{
			name: "no registry for a version that only registries have", id: "npm-registry-unknown", want: "NPM_CONFIG_REGISTRY",
			environ: []string{"NPM_CONFIG_REGISTRY="}, entry: entry("node", "build", "launch", "version=22.1.0"),
			spoil: func(f *fixture) {
				archives := regexp.MustCompile(`(?m)^uri = ".*v22\.1\.0.*"\nchecksum = .*\n`)
				f.write(t, f.buildpack, "buildpack.toml", archives.ReplaceAllString(read(t, f.buildpack, "buildpack.toml"), ""))
			},
		},
		{
			name: "an archive that was changed", id: "checksum-mismatch", want: "got sha512:",
			spoil: func(f *fixture) { f.files["/dist/v24.1.0/node-v24.1.0-linux-arm64.tar.gz"] = []byte("changed") },
		},
		{
			name: "an archive that is not there", id: "node-download-refused", want: "404",
			spoil: func(f *fixture) { delete(f.files, "/dist/v24.1.0/node-v24.1.0-linux-arm64.tar.gz") },
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			for _, pair := range tc.environ {
				f.set(pair)
			}
			if tc.spoil != nil {
				tc.spoil(f)
			}
			if tc.entry.Name == "" {
				tc.entry = both()
			}
			_, err := f.build(tc.entry)
			if !errors.Is(err, &failure.Failure{ID: tc.id}) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want a failure %s with %s", err, tc.id, tc.want)
			}
			if entries, _ := os.ReadDir(f.layers); len(entries) != 0 {
				t.Errorf("left behind: %v", entries)
			}
		})
	}
}

func TestBuildOntoAFullDiskLeavesNothing(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small file system takes root")
	}
	f := newFixture(t)
	if err := syscall.Mount("tmpfs", f.layers, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mounting a small file system: %s", err)
	}
	t.Cleanup(func() { syscall.Unmount(f.layers, syscall.MNT_DETACH) })
	const path = "/dist/v24.1.0/node-v24.1.0-linux-arm64.tar.gz"
	before := f.files[path]
	sum := f.put(t, path, "node/LICENSE=license", "node/bin/node="+strings.Repeat("x", 2<<20))
	replaceChecksum(t, f, before, sum)
	_, err := f.build(entry("node", "launch", "version=24.1.0"))
	if !errors.Is(err, &failure.Failure{ID: "disk-full"}) {
		t.Errorf("got %v, want a failure disk-full", err)
	}
	if entries, _ := os.ReadDir(f.layers); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestBuildEndsWhenItIsInterrupted(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := f.buildIn(ctx, both())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if entries, _ := os.ReadDir(f.layers); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}
