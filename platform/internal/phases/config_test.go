//go:build linux

package phases

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/home"
)

const someDeclared = `
buildpack-default-process-type = "web"
[[buildpacks]]
id = "a/engine"
version = "1"
api = "0.10"
[[labels]]
key = "declared"
value = "yes"
[[labels]]
key = "changed"
value = "by a buildpack"
[[processes]]
type = "web"
direct = true
buildpack-id = "a/engine"
command = ["node"]
`

// someConfig returns the configurations of a run image, and of an image on it as
// the lifecycle makes it.
func someConfig() (run, image *v1.ConfigFile) {
	run = &v1.ConfigFile{Config: v1.Config{
		User: "1001:1000", Env: []string{"PATH=/bin", "LANG=C"}, WorkingDir: "/", StopSignal: "SIGTERM",
		Labels:  map[string]string{"io.buildpacks.base.distro.name": "debian", "changed": "no"},
		Volumes: map[string]struct{}{"/data": {}},
	}}
	image = run.DeepCopy()
	image.Config.Env = []string{"PATH=/cnb/process:/cnb/lifecycle:/bin", "LANG=C", "CNB_LAYERS_DIR=/layers", "CNB_APP_DIR=/workspace", "CNB_PLATFORM_API=0.14", "CNB_DEPRECATION_MODE=quiet"}
	image.Config.Entrypoint, image.Config.WorkingDir = []string{"/cnb/process/web"}, "/workspace"
	maps.Copy(image.Config.Labels, map[string]string{
		"declared": "yes", "changed": "by a buildpack", labels.Lifecycle: "{}", labels.Project: "{}", labels.ExecEnv: "production", labels.Rebasable: "true",
		labels.Build: `{"bom":null,"buildpacks":[{"id":"a/engine","version":"1","homepage":"x"}],"launcher":{},"processes":[{"type":"web","direct":true,"buildpackID":"a/engine","command":["node"]}]}`,
	})
	return run, image
}

// Scripts can write an image themselves, or change the lifecycle's while it makes
// one.
func TestAnImageSaysWhatTheRunImageTheBuildpacksAndTheLifecycleSay(t *testing.T) {
	b := &Build{work: &home.Work{Dir: t.TempDir()}}
	write(t, b.work.Path("room/layers/config/metadata.toml"), someDeclared)
	d, err := b.declared()
	if err != nil {
		t.Fatal(err)
	}
	run, image := someConfig()
	if err := checkConfig(image, run, d, "0.14"); err != nil {
		t.Errorf("as it should be: %v", err)
	}
	image.Config.Entrypoint = []string{"/cnb/lifecycle/launcher"}
	if err := checkConfig(image, run, d, "0.14"); err != nil {
		t.Errorf("without a default process: %v", err)
	}
	without := func(pairs []string, prefix string) []string {
		return slices.DeleteFunc(slices.Clone(pairs), func(pair string) bool { return strings.HasPrefix(pair, prefix) })
	}
	for _, tc := range []struct {
		name   string
		change func(*v1.Config)
		want   string
	}{
		{"root", func(c *v1.Config) { c.User = "0:0" }, `its user is "0:0", want the run image's "1001:1000"`},
		{"no user", func(c *v1.Config) { c.User = "" }, "its user"},
		{"another entrypoint", func(c *v1.Config) { c.Entrypoint = []string{"/bin/sh", "-c", "id"} }, "its entrypoint"},
		{"no entrypoint", func(c *v1.Config) { c.Entrypoint = nil }, "its entrypoint"},
		{"a process that nobody declared", func(c *v1.Config) { c.Entrypoint = []string{"/cnb/process/../../bin/sh"} }, "its entrypoint"},
		{"arguments", func(c *v1.Config) { c.Cmd = []string{"x"} }, "its command"},
		{"a variable more", func(c *v1.Config) { c.Env = append(c.Env, "LD_PRELOAD=/workspace/x.so") }, "LD_PRELOAD"},
		{"a variable twice", func(c *v1.Config) { c.Env = append(c.Env, "LANG=D") }, "LANG"},
		{"another value", func(c *v1.Config) { c.Env[0] = "PATH=/workspace/bin:/bin" }, "PATH"},
		{"a variable less", func(c *v1.Config) { c.Env = without(c.Env, "LANG") }, "LANG"},
		{"a label more", func(c *v1.Config) { c.Labels["org.opencontainers.image.source"] = "forged" }, "org.opencontainers.image.source"},
		{"a label of the run image", func(c *v1.Config) { c.Labels["io.buildpacks.base.distro.name"] = "other" }, "distro.name"},
		{"a label less", func(c *v1.Config) { delete(c.Labels, "declared") }, "declared"},
		{"no buildpacks", func(c *v1.Config) { c.Labels[labels.Build] = "{}" }, labels.Build},
		{"other buildpacks", func(c *v1.Config) {
			c.Labels[labels.Build] = strings.Replace(c.Labels[labels.Build], "a/engine", "b/engine", 1)
		}, labels.Build},
		{"no label of the build", func(c *v1.Config) { delete(c.Labels, labels.Build) }, labels.Build},
		{"another working directory", func(c *v1.Config) { c.WorkingDir = "/" }, "its working directory"},
		{"a health check", func(c *v1.Config) { c.Healthcheck = &v1.HealthConfig{Test: []string{"CMD", "id"}} }, "its configuration"},
		{"something for images on it", func(c *v1.Config) { c.OnBuild = []string{"RUN id"} }, "its configuration"},
		{"a volume less", func(c *v1.Config) { c.Volumes = nil }, "its configuration"},
	} {
		run, image := someConfig()
		tc.change(&image.Config)
		err := checkConfig(image, run, d, "0.14")
		var f *failure.Failure
		if !errors.As(err, &f) || f.ID != "image-changed" || !strings.Contains(f.Cause, tc.want) {
			t.Errorf("%s: got %v, want image-changed with %q", tc.name, err, tc.want)
		}
	}
}

func TestWhatBuildpacksDeclaredIsReadFromAPlainFileOnly(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "metadata.toml")
	write(t, outside, someDeclared)
	for _, tc := range []struct {
		name string
		make func(path string) error
	}{
		{"nothing", func(string) error { return nil }},
		{"a link", func(path string) error { return os.Symlink(outside, path) }},
		{"a pipe", func(path string) error { return syscall.Mkfifo(path, 0o644) }},
		{"endless", func(path string) error { return os.Symlink("/dev/zero", path) }},
		{"large", func(path string) error { return os.WriteFile(path, make([]byte, 2<<20), 0o644) }},
		{"no TOML", func(path string) error { return os.WriteFile(path, []byte("="), 0o644) }},
	} {
		b := &Build{work: &home.Work{Dir: t.TempDir()}}
		if _, err := b.work.Folder("room/layers/config", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := tc.make(b.work.Path("room/layers/config/metadata.toml")); err != nil {
			t.Fatal(err)
		}
		if _, err := b.declared(); err == nil {
			t.Errorf("%s: got no error", tc.name)
		}
	}
}
