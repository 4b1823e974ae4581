package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

func TestParse(t *testing.T) {
	base := []string{"-out", "x", "-version", "1.0.0", "-target", "linux/arm64"}
	s, err := parse(append(base, "-hosts", "linux/amd64, linux/arm64"))
	if err != nil || len(s.hosts) != 2 || s.hosts[0] != targets.LinuxAMD64 || s.hosts[1] != targets.LinuxARM64 {
		t.Errorf("got %+v, %v", s.hosts, err)
	}
	for name, args := range map[string][]string{
		"no target":         {"-out", "x", "-version", "1.0.0"},
		"an unknown target": {"-out", "x", "-version", "1.0.0", "-target", "linux/riscv64"},
		"an unknown host":   append(base, "-hosts", "linux/amd64,linux/s390x"),
		"no out":            {"-version", "1.0.0", "-target", "linux/arm64"},
	} {
		if _, err := parse(args); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestRender(t *testing.T) {
	config := filepath.Join(t.TempDir(), "builder.toml")
	write := func(text string) {
		if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("image = \"${RUN_IMAGE}\"\n")
	got, err := render(config, map[string]string{"RUN_IMAGE": "armature/run:arm64"}, "http://npm.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`image = "armature/run:arm64"`, `name = "BP_NPM_REGISTRY"`, `value = "http://npm.example"`, `suffix = "default"`} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant %s in it", got, want)
		}
	}
	if got, _ = render(config, map[string]string{"RUN_IMAGE": "x"}, ""); strings.Contains(got, "build.env") {
		t.Errorf("without a registry: got %s", got)
	}
	write("image = \"${RUN_IMGE}\"\n")
	if _, err = render(config, map[string]string{"RUN_IMAGE": "x"}, ""); err == nil || !strings.Contains(err.Error(), "RUN_IMGE") {
		t.Errorf("a misspelt name: got %v", err)
	}
}

func TestCheckPlatformRefusesAnotherArchitecture(t *testing.T) {
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	if err := checkPlatform(image, targets.LinuxAMD64); err != nil {
		t.Error(err)
	}
	err = checkPlatform(image, targets.LinuxARM64)
	if err == nil || err.Error() != "it is for linux/amd64, want linux/arm64" {
		t.Errorf("got %v", err)
	}
}

func TestNoPasswordGoesIntoTheBuilder(t *testing.T) {
	got, err := withoutPassword("https://me:secret@npm.example/team/")
	if err != nil || got != "https://npm.example/team/" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := withoutPassword("undefined"); err == nil {
		t.Errorf("got %q, want an error", got)
	}
}
