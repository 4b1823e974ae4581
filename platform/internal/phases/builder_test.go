//go:build linux

package phases

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/order"
)

func isFailure(err error, id, cause string) bool {
	var f *failure.Failure
	return errors.As(err, &f) && f.ID == id && strings.Contains(f.Cause, cause)
}

func TestABuildersFilesSayWhoBuildsAndForWhat(t *testing.T) {
	const passwd = "root:x:0:0::/root:/bin/sh\nshort:x:1001\nbuilds:x:1001:1000::/home/builds/../b:\nother:x:1002:1000::/tmp:/bin/sh\n"
	for _, tc := range []struct {
		name, passwd, launcher string
		user                   int
		id, cause              string
		called, home           string
	}{
		{"as it should be", passwd, programFor(targets.LinuxARM64), 1001, "", "", "builds", "/home/b"},
		{"a user without a shell", "builds:x:1001:1000::/home/b\n", programFor(targets.LinuxARM64), 1001, "", "", "builds", "/home/b"},
		{"a user without a name", passwd, programFor(targets.LinuxARM64), 7, "", "", "cnb", "/home/cnb"},
		{"no list of users", "", programFor(targets.LinuxARM64), 1001, "", "", "cnb", "/home/cnb"},
		{"a home that is everybody's", passwd, programFor(targets.LinuxARM64), 1002, "not-a-builder", "its user's home is /tmp", "", ""},
		{"no launcher", passwd, "", 1001, "not-a-builder", "it has no /cnb/lifecycle/launcher", "", ""},
		{"a launcher that is none", passwd, "#!/bin/sh", 1001, "not-a-builder", "its launcher is no program", "", ""},
		{"a launcher for another target", passwd, programFor(targets.LinuxAMD64), 1001, "builder-target", "a launcher for EM_X86_64", "", ""},
	} {
		root := t.TempDir()
		if tc.passwd != "" {
			write(t, root+"/etc/passwd", tc.passwd)
		}
		if tc.launcher != "" {
			write(t, root+"/cnb/lifecycle/launcher", tc.launcher)
		}
		b := &builder{found: "x", user: tc.user}
		err := b.readRoot(root, targets.LinuxARM64)
		if tc.id != "" && !isFailure(err, tc.id, tc.cause) || tc.id == "" && (err != nil || b.home != tc.home || b.userName != tc.called) {
			t.Errorf("%s: got %q in %q, %v", tc.name, b.userName, b.home, err)
		}
	}
	if err := (&builder{}).readRoot("/nowhere", targets.LinuxARM64); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no files: got %v", err)
	}
}

func TestABuilderOfLongAgoHasItsRunImageInItsStack(t *testing.T) {
	for label, want := range map[string]string{
		`{"stack":{"runImage":{"image":"old"}},"lifecycle":{"apis":{"platform":{"deprecated":["0.12"]}}}}`:                           "old",
		`{"images":[{"image":"new"}],"stack":{"runImage":{"image":"old"}},"lifecycle":{"apis":{"platform":{"supported":["0.12"]}}}}`: "new",
		`{"lifecycle":{"apis":{"platform":{"supported":["0.12"]}}}}`:                                                                 "",
	} {
		b, err := readBuilder(image(t, label, "CNB_USER_ID=1", "CNB_GROUP_ID=2147483647"), "x")
		if err != nil || b.platformAPI != "0.12" || b.group != 1<<31-1 {
			t.Errorf("%s: got %+v, %v", label, b, err)
			continue
		}
		if got := append(b.runImages, labels.RunImageChoice{})[0].Image; got != want || len(b.runImages) > 1 {
			t.Errorf("%s: got the run image %q, want %q", label, got, want)
		}
	}
	b := &Build{builder: &builder{found: "x"}}
	if _, err := b.findRunImage(t.Context()); !isFailure(err, "no-run-image", "x") {
		t.Errorf("a builder without one: got %v", err)
	}
}

func TestABuildIsStartedWholeOrNotAtAll(t *testing.T) {
	s := newSite(t, plain)
	for _, tc := range []struct {
		name   string
		change func(*Options)
		id     string
	}{
		{"a host whose programs do not run", func(o *Options) { o.Host = targets.Target{OS: "linux", Arch: "riscv64"} }, ""},
		{"no builder", func(o *Options) { o.Builder = t.TempDir() }, "no-builder"},
		{"an image that is no builder", func(o *Options) {
			o.Builder = t.TempDir() + "/image"
			layout(t, o.Builder, runImageFor(t, s.host, "x"))
		}, "not-a-builder"},
		{"a builder that the app chose by reference", func(o *Options) {
			o.Builder, o.BuilderBy, o.Registries = "registry.example/builder:1", "the app", images.Registries{Offline: true}
		}, "reference-needs-network"},
		{"no run image", func(o *Options) { o.RunImage = "/nowhere" }, ""},
		{"a builder for another target", func(o *Options) {
			o.Target, o.RunImage = other(s.host), filepath.Dir(s.builders)+"/stack/run-"+other(s.host).Arch
			o.Builder += "/" + s.host.Dashed() + "-on-" + s.host.Dashed()
		}, "builder-target"},
		{"no app", func(o *Options) { o.App = "/nowhere" }, ""},
		{"a variable that is none", func(o *Options) { o.Env = map[string]string{"A B": "x"} }, "env-name"},
		{"buildpacks that are not there", func(o *Options) {
			o.Buildpacks = order.Request{Buildpacks: []order.Locator{{Name: "/nowhere"}}}
		}, ""},
	} {
		options := s.options()
		tc.change(&options)
		b, err := Start(t.Context(), options)
		if err == nil || tc.id != "" && !isFailure(err, tc.id, "") {
			t.Errorf("%s: got %v, want %s", tc.name, err, tc.id)
		}
		if err == nil {
			b.Close()
		}
		if left, _ := filepath.Glob(s.home.Dir + "/work/*"); len(left) != 0 {
			t.Errorf("%s: left over: %q", tc.name, left)
		}
	}
	if IsEnvName("A B") || IsEnvName("1") || !IsEnvName("A.B-1_") {
		t.Error("a variable's name is not what it is to be")
	}
}

// ownBuildpack makes a buildpack in a folder, and asks for it.
func ownBuildpack(t *testing.T) order.Request {
	t.Helper()
	dir := t.TempDir()
	write(t, dir+"/buildpack.toml", "api = \"0.10\"\n[buildpack]\nid = \"c/own\"\nversion = \"1\"\n[[targets]]\nos = \"linux\"\n")
	for _, program := range []string{"build", "detect"} {
		write(t, dir+"/bin/"+program, "#!/bin/sh\n")
		if err := os.Chmod(dir+"/bin/"+program, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return order.Request{Buildpacks: []order.Locator{{Name: dir}}}
}

func TestBuildpacksThatWereAskedForTakeTheBuildersPlace(t *testing.T) {
	t.Parallel()
	s := newSite(t, plain)
	options := s.options()
	options.Buildpacks = ownBuildpack(t)
	b, _ := made(t, options)
	c := b.call(t)
	if order := c.Files["/cnb/order.toml"]; !strings.Contains(order, "c/own") || !strings.Contains(s.said.String(), "fetching buildpacks") {
		t.Errorf("the order is %q\n%s", order, &s.said)
	}
	if !b.left.Scripts {
		t.Error("it is noted that nothing runs but scripts that are known")
	}
	if b.follows(bare(t)) {
		t.Error("it waits for another's layers")
	}
}

func TestABuilderThatCannotBuildIsNotKept(t *testing.T) {
	s := newSite(t, plain)
	image, err := mutate.AppendLayers(emptyFor(s.host.OS, s.host.Arch, map[string]string{labels.Builder: goodLabel}, "CNB_USER_ID=1001", "CNB_GROUP_ID=1000"), layerWith("no launcher"))
	if err != nil {
		t.Fatal(err)
	}
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	options := s.options()
	options.Builder, options.RunImage = t.TempDir()+"/builder", filepath.Dir(s.builders)+"/stack/run-"+s.host.Arch
	layout(t, options.Builder, image)
	if _, err := Start(t.Context(), options); !isFailure(err, "not-a-builder", "it has no /cnb/lifecycle/launcher") {
		t.Errorf("got %v", err)
	}
	if kept, _ := filepath.Glob(s.home.Dir + "/roots/" + digest.Hex + "*/*"); len(kept) != 0 {
		t.Errorf("it is kept: %q", kept)
	}
}
