//go:build linux

package main

import (
	"reflect"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform"
)

// requestOf returns the request of a call of build.
func requestOf(t *testing.T, args ...string) platform.Request {
	t.Helper()
	f := &buildFlags{}
	c := f.command(&program{})
	if err := c.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	r, err := f.request(&program{lookup: nothing}, c.Flags().Args())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every field must be settable with a flag. The two that say where the build runs
// exclude each other.
func TestEveryFlagOfBuildIsInTheRequest(t *testing.T) {
	got := requestOf(t, "app", "--tag", "tag", "--output", "oci:out", "--annotation", "a=1", "--platform", "linux/amd64,linux/arm64", "--host-platform", "linux/amd64",
		"--descriptor", "descriptor", "--builder", "builder", "--trust-app-builder", "--run-image", "run", "--buildpack", "one,two", "--buildpack", "three", "--env", "E=1", "--binding", "binding",
		"--exec-env", "test", "--process", "web=x", "--label", "l=1", "--git-labels", "--creation-time", "17", "--network", "none", "--max-processes", "1", "--max-open-files", "2", "--max-file-size", "3", "--compression", "small",
		"--sbom-dir", "sbom", "--cache-key", "key", "--cache-image", "cache", "--clear-cache", "--cache-dir", "home", "--sandbox", "chroot", "--insecure-registry", "host:1")
	want := platform.Request{
		App: "app", Image: "tag", Output: "oci:out", Annotations: map[string]string{"a": "1"}, Targets: []platform.Target{targets.LinuxAMD64, targets.LinuxARM64}, Host: targets.LinuxAMD64,
		Descriptor: "descriptor", Builder: "builder", TrustAppBuilder: true, RunImage: "run", Buildpacks: []string{"one,two", "three"}, Env: map[string]string{"E": "1"}, Bindings: []string{"binding"},
		Environment: platform.Test, Processes: map[string]string{"web": "x"}, Labels: map[string]string{"l": "1"}, GitLabels: true, Created: time.Unix(17, 0), Network: platform.NoNetwork, Limits: &platform.Limits{Processes: 1, OpenFiles: 2, FileSize: 3}, Compression: platform.Small,
		SBOMDir: "sbom", CacheKey: "key", CacheImage: "cache", ClearCache: true, SkipSourceDigest: true, Home: "home", Sandbox: platform.Chroot, Registries: platform.Registries{Insecure: []string{"host:1"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
	for i, field := range reflect.VisibleFields(reflect.TypeOf(want)) {
		switch field.Name {
		case "Emulate", "Getenv", "Progress": // see below; the program's own; only while it runs
			continue
		}
		if reflect.ValueOf(want).Field(i).IsZero() {
			t.Errorf("no flag sets %s", field.Name)
		}
	}
	if !requestOf(t, "--tag", "tag", "--emulate").Emulate {
		t.Error("no flag sets Emulate")
	}
}

func TestABuildAsksForItsDefaults(t *testing.T) {
	limits := platform.DefaultLimits()
	want := platform.Request{
		Image: "tag", Annotations: map[string]string{}, Targets: []platform.Target{targets.LinuxARM64}, Env: map[string]string{}, Labels: map[string]string{},
		Network: platform.HostNetwork, Limits: &limits, Compression: platform.Fast, SkipSourceDigest: true,
	}
	if got := requestOf(t, "--tag", "tag"); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
}
