//go:build linux

package order_test

import (
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/order"
)

// resolve returns the lifecycle's view: the order, with | between groups, and the
// folder of all buildpacks.
func resolve(t testing.TB, request order.Request) (order, dir string, err error) {
	t.Helper()
	work := t.TempDir()
	plan, err := request.Resolve(t.Context(), newBuilder(t), work, targets.LinuxAMD64, images.Registries{})
	if err != nil {
		return "", "", err
	}
	dir = filepath.Join(work, "all")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := plan.Write(dir, filepath.Join(work, "order.toml"), -1, -1); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Order []struct {
			Group []struct {
				ID, Version string
				Optional    bool
			}
		}
	}
	if _, err := toml.DecodeFile(filepath.Join(work, "order.toml"), &file); err != nil {
		t.Fatal(err)
	}
	var groups []string
	for _, g := range file.Order {
		var names []string
		for _, ref := range g.Group {
			name := ref.ID + "@" + ref.Version
			if ref.Optional {
				name += "?"
			}
			names = append(names, name)
			if _, err := os.Stat(filepath.Join(dir, strings.ReplaceAll(ref.ID, "/", "_"), ref.Version, "buildpack.toml")); err != nil {
				t.Error(err)
			}
		}
		groups = append(groups, strings.Join(names, " "))
	}
	return strings.Join(groups, " | "), dir, nil
}

func named(base string, names ...string) (all []order.Locator) {
	for _, name := range names {
		all = append(all, order.Locator{Name: name, Base: base})
	}
	return all
}

func TestAnOrderIsWhatWasNamed(t *testing.T) {
	base := write(t, t.TempDir(), files{
		"folder/buildpack.toml": buildpackTOML("acme/folder", "0.1.0"), "folder/bin/build": "#!/bin/sh",
		"plain.tgz":            gzipped(t, archive(t, entry{name: "./buildpack.toml", content: buildpackTOML("acme/tgz", "0.2.0")}, entry{name: "bin/build", content: "#!/bin/sh"})),
		"plain.tar":            string(archive(t, entry{name: "buildpack.toml", content: buildpackTOML("acme/tar", "0.3.0")})),
		"package.cnb":          cnb(t, indexOf(packaged(t, mainEntries...), nil)),
		"both.cnb":             cnb(t, indexOf(packaged(t, mainEntries...), &v1.Platform{OS: "linux", Architecture: "arm64"}, &v1.Platform{OS: "linux", Architecture: "amd64"})),
		"newer/buildpack.toml": buildpackTOML("own/a", "1.0.0"),
	})
	for _, tc := range []struct {
		names []string
		want  string
	}{
		{[]string{"own/a"}, "own/a@1.0.0"},
		{[]string{"own/b@2.0.0", "own/a@1.0.0"}, "own/b@2.0.0 own/a@1.0.0"},
		{[]string{"urn:cnb:builder:own/b@2.0.0", "from=builder:own/a"}, "own/b@2.0.0 own/a@1.0.0"},
		{[]string{"folder", "own/a"}, "acme/folder@0.1.0 own/a@1.0.0"},
		{[]string{base + "/folder", "file://" + base + "/plain.tgz", "./plain.tar"}, "acme/folder@0.1.0 acme/tgz@0.2.0 acme/tar@0.3.0"},
		{[]string{"package.cnb"}, "acme/main@1.0.0"},
		{[]string{"both.cnb"}, "acme/main@1.0.0"},
		{[]string{"from=builder"}, "own/a@1.0.0 own/b@1.0.0? | own/b@2.0.0"},
		{[]string{"folder", "from=builder", "plain.tgz"}, "acme/folder@0.1.0 own/a@1.0.0 own/b@1.0.0? acme/tgz@0.2.0 | acme/folder@0.1.0 own/b@2.0.0 acme/tgz@0.2.0"},
		{[]string{"newer"}, "own/a@1.0.0"},
	} {
		got, dir, err := resolve(t, order.Request{Buildpacks: named(base, tc.names...)})
		if err != nil || got != tc.want {
			t.Errorf("%q: got %q, %v, want %q", tc.names, got, err, tc.want)
			continue
		}
		for _, one := range tc.names {
			switch {
			case strings.HasSuffix(one, ".cnb"): // brings its parts along
				if _, err := os.Stat(filepath.Join(dir, "acme_part/2.0.0/buildpack.toml")); err != nil {
					t.Error(err)
				}
			case strings.HasSuffix(one, "folder"):
				if info, err := os.Stat(filepath.Join(dir, "acme_folder/0.1.0/bin/build")); err != nil || info.Mode()&0o111 == 0 {
					t.Errorf("got %v, %v, want a program", info, err)
				}
			}
		}
	}
}

func TestOthersGoAroundTheBuildersOrder(t *testing.T) {
	script := order.Locator{Name: "acme/script", Inline: &order.Script{API: "0.10", Inline: "echo hello"}}
	got, dir, err := resolve(t, order.Request{Pre: append(named("", "own/b@1.0.0"), script), Post: named("", "own/a")})
	if want := "acme/script@0.0.0 own/b@1.0.0 own/a@1.0.0 own/b@1.0.0? own/a@1.0.0 | acme/script@0.0.0 own/b@1.0.0 own/b@2.0.0 own/a@1.0.0"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	text, err := os.ReadFile(filepath.Join(dir, "acme_script/0.0.0/bin/build"))
	if string(text) != "#!/bin/sh\necho hello\n" {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestABuildpackageComesFromARegistry(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	reference := strings.TrimPrefix(server.URL, "http://") + "/acme/main:1"
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, packaged(t, mainEntries...)); err != nil {
		t.Fatal(err)
	}
	got, _, err := resolve(t, order.Request{Buildpacks: named("", "docker://"+reference)})
	if err != nil || got != "acme/main@1.0.0" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, _, err := resolve(t, order.Request{Buildpacks: named("", "docker://"+reference+"-not")}); !errors.Is(err, &failure.Failure{ID: "image-not-found"}) {
		t.Errorf("got %v", err)
	}
}

func TestWhatCannotBeABuildpackIsNamed(t *testing.T) {
	other := &v1.Platform{OS: "linux", Architecture: "riscv64"}
	base := write(t, t.TempDir(), files{
		"empty/readme":            "",
		"climbs/buildpack.toml":   buildpackTOML("../../../etc", "1"),
		"dots/buildpack.toml":     buildpackTOML("acme/x", ".."),
		"nameless/buildpack.toml": "api = \"0.10\"\n",
		"broken.tgz":              gzipped(t, []byte("no archive at all, and longer than a block of it would be"))[:40],
		"no-toml.tgz":             gzipped(t, archive(t, entry{name: "readme", content: "x"})),
		"link.tgz":                gzipped(t, archive(t, entry{name: "buildpack.toml", to: "/etc/passwd"})),
		"foreign.cnb":             cnb(t, indexOf(packaged(t, mainEntries...), other, other)),
		"lacks-main.cnb":          cnb(t, indexOf(packaged(t, mainEntries[1]), nil)),
		"misplaced.cnb":           cnb(t, indexOf(packaged(t, entry{name: "cnb/buildpacks/other/1.0.0/buildpack.toml", content: buildpackTOML("acme/main", "1.0.0")}), nil)),
		"with-a-link.cnb":         cnb(t, indexOf(packaged(t, mainEntries...), nil), entry{name: "blobs/sha256/x", to: "/etc/passwd"}),
		"outside-of-it.cnb":       cnb(t, indexOf(packaged(t, entry{name: "cnb", to: "/tmp"}, mainEntries[0]), nil)),
	})
	for name, id := range map[string]string{
		"nothing": "buildpack-not-found", "own/b": "buildpack-not-found", "own/a@9": "buildpack-not-found", "urn:cnb:builder:acme/x": "buildpack-not-found",
		"https://example.com/x.tgz": "buildpack-not-found", "/nowhere/at/all": "buildpack-unusable",
		"empty": "buildpack-unusable", "climbs": "buildpack-unusable", "dots": "buildpack-unusable", "nameless": "buildpack-unusable",
		"broken.tgz": "buildpack-unusable", "no-toml.tgz": "buildpack-unusable", "link.tgz": "buildpack-unusable", "foreign.cnb": "buildpack-unusable",
		"lacks-main.cnb": "buildpack-unusable", "misplaced.cnb": "buildpack-unusable", "with-a-link.cnb": "buildpack-unusable", "outside-of-it.cnb": "buildpack-unusable",
	} {
		if got, _, err := resolve(t, order.Request{Buildpacks: named(base, name)}); !errors.Is(err, &failure.Failure{ID: id}) || !strings.Contains(err.Error(), strings.TrimPrefix(name, "urn:cnb:builder:")) {
			t.Errorf("%s: got %q, %v, want %s", name, got, err, id)
		}
	}
	if got, _, err := resolve(t, order.Request{Buildpacks: named(base, "from=builder", "own/a", "from=builder")}); !errors.Is(err, &failure.Failure{ID: "buildpack-order"}) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, script := range []order.Locator{{Name: "acme/x", Inline: &order.Script{Inline: "true"}}, {Name: "../x", Inline: &order.Script{API: "0.10", Inline: "true"}}} {
		if _, _, err := resolve(t, order.Request{Buildpacks: []order.Locator{script}}); !errors.Is(err, &failure.Failure{ID: "buildpack-unusable"}) {
			t.Errorf("%s: got %v", script.Name, err)
		}
	}
}

// Archives are untrusted: nothing may be written outside of their folder.
func TestNothingIsWrittenOutside(t *testing.T) {
	toml := entry{name: "buildpack.toml", content: buildpackTOML("acme/x", "1.0.0")}
	for name, entries := range map[string][]entry{
		"a name that climbs":          {toml, {name: "../../outside", content: "x"}},
		"an absolute name":            {toml, {name: "/outside", content: "x"}},
		"through a link that climbs":  {toml, {name: "l", to: "../.."}, {name: "l/outside", content: "x"}},
		"onto a link":                 {toml, {name: "l", to: "../../outside"}, {name: "l", content: "x"}},
		"a layout's folder is a link": {{name: "oci-layout", content: "{}"}, {name: "blobs", to: "../.."}, {name: "blobs/outside", content: "x"}},
	} {
		base := t.TempDir()
		work, root := filepath.Join(base, "work"), newBuilder(t)
		write(t, base, files{"work/.keep": "", "x.tgz": gzipped(t, archive(t, entries...))})
		request := order.Request{Buildpacks: named(base, "x.tgz")}
		if _, err := request.Resolve(t.Context(), root, work, targets.LinuxAMD64, images.Registries{}); err != nil && !errors.Is(err, &failure.Failure{ID: "buildpack-unusable"}) {
			t.Errorf("%s: got %v", name, err)
		}
		if list, _ := os.ReadDir(base); len(list) != 2 {
			t.Errorf("%s: beside the folder there is now %v", name, list)
		}
		if list, _ := os.ReadDir(work); len(list) > 2 {
			t.Errorf("%s: beside its own folder there is now %v", name, list)
		}
	}
}

func TestAnAppsOwnBuildpacksLieInTheApp(t *testing.T) {
	base := write(t, t.TempDir(), files{"app/bp/buildpack.toml": buildpackTOML("acme/in", "1.0.0"), "out/buildpack.toml": buildpackTOML("acme/out", "1.0.0")})
	app := filepath.Join(base, "app")
	if err := os.Symlink("../out", filepath.Join(app, "link")); err != nil {
		t.Fatal(err)
	}
	for name, ok := range map[string]bool{"bp": true, "./bp": true, app + "/bp": true, "../out": false, base + "/out": false, "link": false} {
		_, _, err := resolve(t, order.Request{Buildpacks: []order.Locator{{Name: name, Base: app, Inside: true}}})
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "--descriptor") {
			t.Errorf("%s: got %v, want that it is allowed: %t", name, err, ok)
		}
		if _, _, err := resolve(t, order.Request{Buildpacks: named(app, name)}); err != nil {
			t.Errorf("%s, named by the user: got %v", name, err)
		}
	}
}
