package nodeengine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

func TestBuildMakesOneLayerForTheTargetAndOneForTheHost(t *testing.T) {
	f := newFixture(t)
	result, err := f.build(both(), entry("npm", "build"))
	if err != nil {
		t.Fatal(err)
	}
	if got := layerNames(result); !slices.Equal(got, []string{"node", "node-build"}) {
		t.Fatalf("got %v", got)
	}

	launch := layer(t, result, "node")
	if !launch.Launch || launch.Build || launch.Cache {
		t.Errorf("node: got launch %v, build %v, cache %v", launch.Launch, launch.Build, launch.Cache)
	}
	if got := tree(t, launch.Path); !slices.Equal(got, []string{"LICENSE", "bin/node"}) {
		t.Errorf("node: got %q", got)
	}
	if got := read(t, launch.Path, "bin/node"); got != "node 24.1.0 for linux/arm64" {
		t.Errorf("node: got %s", got)
	}
	helpers := filepath.Join(f.buildpack, "bin/linux-arm64")
	if want := []string{helpers + "/node-options"}; !slices.Equal(launch.ExecD, want) {
		t.Errorf("node: got the helpers %q, want %q", launch.ExecD, want)
	}

	build := layer(t, result, "node-build")
	if build.Launch || !build.Build || !build.Cache {
		t.Errorf("node-build: got launch %v, build %v, cache %v", build.Launch, build.Build, build.Cache)
	}
	want := []string{
		"LICENSE", "bin/node",
		"bin/npm -> ../lib/node_modules/npm/bin/npm-cli.js", "bin/npx -> ../lib/node_modules/npm/bin/npx-cli.js",
		"include/node/node.h", "include/node/openssl/archs/linux-aarch64/x.h", "lib/node_modules/npm/bin/npm-cli.js", "lib/node_modules/npm/bin/npx-cli.js",
	}
	if got := tree(t, build.Path); !slices.Equal(got, want) {
		t.Errorf("node-build: got %q, want %q", got, want)
	}
	if got := read(t, build.Path, "bin/node"); got != "node 24.1.0 for linux/amd64" {
		t.Errorf("node-build: got %s", got)
	}
	for name, mode := range map[string]os.FileMode{"bin/node": 0o755, "LICENSE": 0o644, "bin/npm": 0o755, ".": 0o755} {
		info, err := os.Stat(filepath.Join(build.Path, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: got %v, %v, want %o", name, info.Mode(), err, mode)
		}
	}
	if got := tree(t, f.layers); len(got) != 10 {
		t.Errorf("there is more than the layers: %q", got)
	}
}

func TestBuildSetsTheEnvironment(t *testing.T) {
	f := newFixture(t)
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		layer string
		env   packit.Environment
	}{
		{"node", layer(t, result, "node").LaunchEnv},
		{"node-build", layer(t, result, "node-build").BuildEnv},
	} {
		want := packit.Environment{
			"NODE_HOME.default":    filepath.Join(f.layers, tc.layer),
			"NODE_ENV.default":     "production",
			"NODE_VERBOSE.default": "false",
			"NODE_OPTIONS.default": "--use-openssl-ca",
		}
		if len(tc.env) != len(want) {
			t.Errorf("%s: got %v", tc.layer, tc.env)
		}
		for name, value := range want {
			if tc.env[name] != value {
				t.Errorf("%s: %s is %q, want %q", tc.layer, name, tc.env[name], value)
			}
		}
	}
}

func TestBuildSizesTheHeapWhenAsked(t *testing.T) {
	for value, want := range map[string]struct{ asked, itself string }{"true": {"true", ""}, "1": {"true", ""}, "false": {"", "false"}, "0": {"", "false"}, "": {"", ""}} {
		f := newFixture(t)
		f.set("BP_NODE_OPTIMIZE_MEMORY=" + value)
		result, err := f.build(both())
		if err != nil {
			t.Fatal(err)
		}
		env := layer(t, result, "node").LaunchEnv
		if got := env["OPTIMIZE_MEMORY.default"]; got != want.asked {
			t.Errorf("%q: OPTIMIZE_MEMORY: got %q, want %q", value, got, want.asked)
		}
		if got := env["BPL_NODE_OPTIMIZE_MEMORY.default"]; got != want.itself {
			t.Errorf("%q: BPL_NODE_OPTIMIZE_MEMORY: got %q, want %q", value, got, want.itself)
		}
	}
	f := newFixture(t)
	f.set("BP_NODE_OPTIMIZE_MEMORY=yes")
	if _, err := f.build(both()); !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) {
		t.Errorf("yes: got %v", err)
	}
}

func TestBuildMakesOnlyTheLayersThatAreWanted(t *testing.T) {
	for _, tc := range []struct {
		name    string
		entries []packit.BuildpackPlanEntry
		want    []string
	}{
		{name: "at launch", entries: []packit.BuildpackPlanEntry{entry("node", "launch")}, want: []string{"node"}},
		{name: "during the build", entries: []packit.BuildpackPlanEntry{entry("node", "build")}, want: []string{"node-build"}},
		{name: "npm during the build", entries: []packit.BuildpackPlanEntry{entry("node"), entry("npm", "build")}, want: []string{"node-build"}},
		{name: "one entry each", entries: []packit.BuildpackPlanEntry{entry("node", "launch"), entry("node", "build")}, want: []string{"node", "node-build"}},
		{name: "never", entries: []packit.BuildpackPlanEntry{entry("node", "version=24")}},
		{name: "something else first", entries: []packit.BuildpackPlanEntry{entry("python", "build"), entry("node", "launch")}, want: []string{"node"}},
		{name: "something else", entries: []packit.BuildpackPlanEntry{entry("node", "launch"), entry("python", "build")}, want: []string{"node"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			result, err := newFixture(t).build(tc.entries...)
			if err != nil {
				t.Fatal(err)
			}
			if got := layerNames(result); !slices.Equal(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestBuildPutsNPMIntoTheAppImageOnlyWhenAnEntryWantsIt(t *testing.T) {
	f := newFixture(t)
	result, err := f.build(both(), entry("npm", "build", "launch", "version-source=start script"))
	if err != nil {
		t.Fatal(err)
	}
	path := layer(t, result, "node").Path
	if got := tree(t, path); !slices.Contains(got, "bin/npm -> ../lib/node_modules/npm/bin/npm-cli.js") || slices.Contains(got, "include/node/node.h") {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(f.log.String(), "npm is there because an entry of the plan wants it at launch (start script)") {
		t.Errorf("the log does not say why:\n%s", f.log.String())
	}
}

func TestBuildChoosesTheVersionBySource(t *testing.T) {
	of := func(version, source string) packit.BuildpackPlanEntry {
		return entry("node", "launch", "version="+version, "version-source="+source)
	}
	for _, tc := range []struct {
		name    string
		entries []packit.BuildpackPlanEntry
		want    string
	}{
		{name: "the default without any", entries: []packit.BuildpackPlanEntry{entry("node", "launch")}, want: "24.2.0 (the default)"},
		{name: "the variable first", entries: []packit.BuildpackPlanEntry{of("20", "other"), of("20", ".node-version"), of("20", ".nvmrc"), of("20", "package.json"), of("22", "BP_NODE_VERSION")}, want: `22.1.0 (BP_NODE_VERSION: "22")`},
		{name: "then package.json", entries: []packit.BuildpackPlanEntry{of("20", "other"), of("20", ".node-version"), of("20", ".nvmrc"), of("22", "package.json")}, want: `22.1.0 (package.json: "22")`},
		{name: "then .nvmrc", entries: []packit.BuildpackPlanEntry{of("20", "other"), of("20", ".node-version"), of("22", ".nvmrc")}, want: `22.1.0 (.nvmrc: "22")`},
		{name: "then .node-version", entries: []packit.BuildpackPlanEntry{of("20", "other"), of("22", ".node-version")}, want: `22.1.0 (.node-version: "22")`},
		{name: "then any other", entries: []packit.BuildpackPlanEntry{entry("node", "launch"), of("22", "another buildpack")}, want: `22.1.0 (another buildpack: "22")`},
		{name: "one without a source", entries: []packit.BuildpackPlanEntry{entry("node", "launch", "version=22")}, want: `22.1.0 (<unknown>: "22")`},
		{name: "an empty request is none", entries: []packit.BuildpackPlanEntry{of("", "package.json"), of("22", ".nvmrc")}, want: `22.1.0 (.nvmrc: "22")`},
		{name: "default is a request", entries: []packit.BuildpackPlanEntry{of("default", "BP_NODE_VERSION"), of("22", ".nvmrc")}, want: "24.2.0 (the default)"},
		{name: "a bad request that does not decide", entries: []packit.BuildpackPlanEntry{of("newest", ".nvmrc"), of("22", "BP_NODE_VERSION")}, want: `22.1.0 (BP_NODE_VERSION: "22")`},
		{name: "an alias in the variable", entries: []packit.BuildpackPlanEntry{of("lts/jod", "BP_NODE_VERSION")}, want: `22.1.0 (BP_NODE_VERSION: "lts/jod")`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.host = targets.LinuxARM64
			if _, err := f.build(tc.entries...); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(f.log.String(), "Selected Node.js "+tc.want+"\n") {
				t.Errorf("got\n%s\nwant %s", f.log.String(), tc.want)
			}
		})
	}
}

func TestBuildTakesTheNearestOfAnExactVersionThatIsGone(t *testing.T) {
	f := newFixture(t)
	if _, err := f.build(entry("node", "launch", "version=22.1.7", "version-source=.nvmrc")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"WARNING: .nvmrc asks for Node.js 22.1.7, which does not exist here: using 22.1.0", "Selected Node.js 22.1.0"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("got\n%s\nwant %s", f.log.String(), want)
		}
	}
}

func TestBuildListsOnlyEntriesWithARequest(t *testing.T) {
	nothing := entry("node", "launch", "version=", "version-source=")
	request := entry("node", "version=22", "version-source=.nvmrc")
	for _, tc := range []struct {
		name    string
		entries []packit.BuildpackPlanEntry
		want    string
	}{
		{name: "none", entries: []packit.BuildpackPlanEntry{both(), nothing}},
		{name: "one", entries: []packit.BuildpackPlanEntry{both(), nothing, request}, want: `.nvmrc -> "22"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			if _, err := f.build(tc.entries...); err != nil {
				t.Fatal(err)
			}
			log := f.log.String()
			if strings.Contains(log, `-> ""`) || strings.Contains(log, "Candidate") != (tc.want != "") || !strings.Contains(log, tc.want) {
				t.Errorf("got\n%s\nwant %q", log, tc.want)
			}
		})
	}
}

func TestBuildWarnsOfTheEndOfLife(t *testing.T) {
	end := time.Date(2027, 4, 30, 0, 0, 0, 0, time.UTC) // of 22
	for _, tc := range []struct {
		name, want string
		now        time.Time
	}{
		{name: "not 31 days before", now: end.AddDate(0, 0, -31)},
		{name: "29 days before", now: end.AddDate(0, 0, -29), want: "Node.js 22 reaches its end of life on 2027-04-30"},
		{name: "on the day", now: end, want: "Node.js 22 reached its end of life on 2027-04-30"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.now = tc.now
			if _, err := f.build(entry("node", "launch", "version=22")); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(f.log.String(), "WARNING"); got != (tc.want != "") || !strings.Contains(f.log.String(), tc.want) {
				t.Errorf("got\n%s\nwant %q", f.log.String(), tc.want)
			}
		})
	}
}

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

func TestBuildFallsBackToTheRegistry(t *testing.T) {
	f := newFixture(t)
	f.nodejs.Close()
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, layer(t, result, "node").Path, "bin/node"); got != "node 24.1.0 for linux/arm64" {
		t.Errorf("got %s", got)
	}
	build := layer(t, result, "node-build").Path
	if got := read(t, build, "bin/npm"); got != "npm of the registry" {
		t.Errorf("got %s", got)
	}
	if info, err := os.Stat(filepath.Join(build, "bin/npm")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("npm cannot be run: %v, %v", info, err)
	}
	for _, want := range []string{"nodejs.org is not used: ", "from the npm registry"} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, f.log.String())
		}
	}
}

func TestBuildUsesBakedArchives(t *testing.T) {
	f := newFixture(t)
	for path, content := range f.files {
		if strings.HasPrefix(path, "/registry") {
			f.write(t, f.buildpack, "dependencies/"+strings.Replace(digest(content), ":", "-", 1), string(content))
		}
	}
	f.nodejs.Close()
	f.registry.Close()
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	if len(f.asked) != 0 {
		t.Errorf("it asked for %v", f.asked)
	}
	if layer(t, result, "node-build").Cache {
		t.Error("node-build is cached although unpacking it again is cheaper")
	}
}

// The build layer links to releases that are unpacked in the buildpack, which
// it must not change; the launch layer has its own files.
func TestBuildLinksToUnpackedArchives(t *testing.T) {
	for _, source := range []string{"/registry", "/dist"} {
		t.Run(source, func(t *testing.T) {
			f := newFixture(t)
			f.set("BP_NPM_REGISTRY=https://registry.invalid/")
			for path, content := range f.files {
				if strings.HasPrefix(path, source) {
					f.bakeUnpacked(t, content)
				}
			}
			f.nodejs.Close()
			f.registry.Close()
			dependencies := filepath.Join(f.buildpack, "dependencies")
			before := tree(t, dependencies)
			result, err := f.build(both())
			if err != nil {
				t.Fatal(err)
			}
			launch, build := layer(t, result, "node").Path, layer(t, result, "node-build")
			if got := tree(t, launch); !slices.Equal(got, []string{"LICENSE", "bin/node"}) || read(t, launch, "bin/node") != "node 24.1.0 for linux/arm64" {
				t.Errorf("node: got %q", got)
			}
			program, err := os.Readlink(filepath.Join(build.Path, "bin/node"))
			if err != nil || !strings.HasPrefix(program, dependencies) || read(t, build.Path, "bin/node") != "node 24.1.0 for linux/amd64" {
				t.Errorf("node-build: got the link %q, %v", program, err)
			}
			for name, want := range map[string]string{
				"include/node/node.h":               "header",
				"lib/node_modules/npm/npmrc":        "registry=\"https://registry.invalid/\"\nprefix=\"" + build.Path + "\"\n",
				"lib/node_modules/npm/package.json": "{}",
			} {
				if name == "lib/node_modules/npm/package.json" && source == "/dist" {
					continue // which the archives there do not have
				}
				if got := read(t, build.Path, name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if file, err := filepath.EvalSymlinks(filepath.Join(build.Path, "bin/npm")); err != nil || !strings.HasPrefix(file, build.Path) {
				t.Errorf("npm is at %s, %v, where it does not find its configuration", file, err)
			}
			if build.Cache {
				t.Error("node-build is cached although linking it again is cheaper")
			}
			if after := tree(t, dependencies); !slices.Equal(before, after) {
				t.Errorf("the buildpack was changed: got %q, want %q", after, before)
			}
		})
	}
}

func TestBuildPrefersABakedVersionOfTheLine(t *testing.T) {
	for _, tc := range []struct{ name, request, want string }{
		{name: "a line", request: "24", want: "24.1.0"},
		{name: "the default", request: "", want: "24.1.0"},
		{name: "another version, when named", request: "24.2.0", want: "24.2.0"},
		{name: "in place of an exact version that is gone", request: "24.2.9", want: "24.1.0"},
		{name: "another line", request: "22", want: "22.1.0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFixture(t)
			f.host = targets.LinuxARM64 // so that 24.2.0 would be chosen
			content := f.files["/dist/v24.1.0/node-v24.1.0-linux-arm64.tar.gz"]
			f.write(t, f.buildpack, "dependencies/"+strings.Replace(digest(content), ":", "-", 1), string(content))
			if _, err := f.build(entry("node", "launch", "version="+tc.request)); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(f.log.String(), "Selected Node.js "+tc.want) {
				t.Errorf("got\n%s\nwant %s", f.log.String(), tc.want)
			}
		})
	}
}

func TestBuildNativelyDownloadsOnce(t *testing.T) {
	f := newFixture(t)
	f.host = targets.LinuxARM64
	if _, err := f.build(both()); err != nil {
		t.Fatal(err)
	}
	if len(f.asked) != 1 {
		t.Errorf("it asked for %v", f.asked)
	}
}

func TestBuildReadsTheNpmrcBinding(t *testing.T) {
	f := newFixture(t)
	f.set("NPM_CONFIG_REGISTRY=")
	f.set("BP_NODE_SOURCE=npm")
	f.write(t, f.platform, "bindings/registry/type", "npmrc")
	f.write(t, f.platform, "bindings/registry/.npmrc", "registry="+f.registry.URL+"/registry")
	if _, err := f.build(both()); err != nil {
		t.Fatal(err)
	}
	f.write(t, f.platform, "bindings/second/type", "npmrc")
	f.write(t, f.platform, "bindings/second/.npmrc", "")
	if _, err := f.build(both(), entry("npm", "launch")); !errors.Is(err, &failure.Failure{ID: "npmrc-binding-invalid"}) {
		t.Errorf("two: got %v", err)
	}
}

func TestBuildLeavesNodeToAnExtension(t *testing.T) {
	f := newFixture(t)
	f.set("BP_NODE_OPTIMIZE_MEMORY=true")
	result, err := f.build(entry("npm", "build"))
	if err != nil {
		t.Fatal(err)
	}
	node := layer(t, result, "node")
	if !node.Launch || !node.Build || node.Cache || node.SharedEnv["NODE_HOME.default"] != "" || node.SharedEnv["NODE_ENV.default"] != "production" {
		t.Errorf("got %+v", node)
	}
	if len(node.ExecD) != 1 || node.LaunchEnv["OPTIMIZE_MEMORY.default"] != "true" {
		t.Errorf("it lacks the helpers: got %v, %v", node.ExecD, node.LaunchEnv)
	}
	if len(f.asked) != 0 {
		t.Errorf("it asked for %v", f.asked)
	}
}
