package systempackages_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	systempackages "github.com/armature-cnb/armature/buildpacks/system-packages"
	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/apt"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/internal/testing/treediff"
)

// scene is a build with an archive of its own.
type scene struct {
	*archive
	layers  string
	builder systempackages.Builder
	log     bytes.Buffer
}

const runImage = "Package: libc6\nArchitecture: arm64\nVersion: 2.41\nDepends: libnone\n\n"

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func newScene(t *testing.T) *scene {
	t.Helper()
	for _, name := range []string{"apt-get", "dpkg-deb"} {
		tier.Program(t, name)
	}
	s := &scene{archive: newArchive(t), layers: filepath.Join(t.TempDir(), "armature_system-packages")}
	dir := t.TempDir()
	write(t, dir+"/sources.list", "deb "+s.url+"/ ./\n")
	write(t, dir+"/os-release", "ID=debian\nVERSION_ID=\"13\"\n")
	write(t, dir+"/run-images/io.example.run", runImage)
	s.builder = systempackages.Builder{
		Bindings: servicebindings.NewResolver(), System: apt.System{List: dir + "/sources.list", Keyring: s.keyring()},
		RunImages: dir + "/run-images", OSRelease: dir + "/os-release",
	}
	return s
}

func (s *scene) build(app string, env ...string) (packit.BuildResult, error) {
	s.log.Reset()
	b := s.builder
	b.Log = scribe.NewEmitter(&s.log)
	b.Environ = append(environ.List{"PATH=" + os.Getenv("PATH"), "CNB_TARGET_OS=linux", "CNB_TARGET_ARCH=arm64"}, env...)
	return systempackages.Build(b)(packit.BuildContext{
		WorkingDir: app, Layers: packit.Layers{Path: s.layers}, Platform: packit.Platform{Path: s.t.TempDir()}, BuildpackInfo: packit.BuildpackInfo{Name: "Packages", Version: "1"},
	})
}

// fill adds a program with a library, a link, an alternative and a font.
func (s *scene) fill() {
	s.add("Package: tool\nVersion: 1:2.0-1\nArchitecture: arm64\nDepends: libtool-thing (>= 1), libc6 (>= 2.4), debconf\n", map[string]string{
		"usr/bin/tool-v2": "program", "usr/share/tool/data": "d", "etc/tool/data": "->/usr/share/tool/data", "usr/share/man/man1/tool.1": "m",
		"DEBIAN/postinst": "#!/bin/sh\nset -e\nif [ \"$1\" = configure ]; then update-alternatives --install /usr/bin/tool tool /usr/bin/tool-v2 10; fi\n",
	})
	s.add("Package: libtool-thing\nVersion: 1.5\nArchitecture: arm64\n", map[string]string{"usr/lib/aarch64-linux-gnu/libthing.so.1": "l", "usr/share/doc/libtool-thing/copyright": "c"})
	s.add("Package: fonts-x\nVersion: 3\nArchitecture: all\n", map[string]string{"usr/share/fonts/x.ttf": "f"})
	s.add("Package: tool\nVersion: 1:1.0-1\nArchitecture: arm64\n", map[string]string{"usr/bin/tool": "old"})
	s.add("Package: foreign\nVersion: 1\nArchitecture: amd64\n", nil)
	s.add("Package: debconf\nVersion: 1\nArchitecture: all\nDepends: perl-none\n", nil)
	s.add("Package: newer\nVersion: 1\nArchitecture: arm64\nDepends: libc6 (>= 3)\n", nil)
	s.add("Package: libc6\nVersion: 3\nArchitecture: arm64\n", nil)
	s.add("Package: service\nVersion: 1\nArchitecture: arm64\n", map[string]string{"DEBIAN/postinst": "#!/bin/sh\nset -e\nadduser --system service\n"})
}

func TestPackagesAreALayer(t *testing.T) {
	s := newScene(t)
	s.fill()
	app := t.TempDir()
	write(t, app+"/Aptfile", "# fonts\nfonts-x=3\n")
	result, err := s.build(app, "BP_APT_PACKAGES=tool libc6")
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log.String())
	}
	for _, want := range []string{"tool 1:2.0-1 (BP_APT_PACKAGES)", "fonts-x 3 (Aptfile, line 2)", "libc6: the run image has it", "and libtool-thing 1.5", "[apt-package-unpinned]", "To pin them: tool=1:2.0-1\n"} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, s.log.String())
		}
	}
	layer, state := result.Layers[0], result.Layers[1]
	if !layer.Launch || layer.Build || layer.Cache || !state.Cache || state.Launch || state.Build {
		t.Errorf("got %+v and %+v", layer, state)
	}
	for name, link := range map[string]string{"usr/bin/tool-v2": "", "usr/bin/tool": "tool-v2", "etc/tool/data": "../../usr/share/tool/data",
		"usr/lib/aarch64-linux-gnu/libthing.so.1": "", "usr/share/doc/libtool-thing/copyright": "", "usr/share/fonts/x.ttf": "", "etc/fonts/conf.d/00-layer.conf": ""} {
		path := filepath.Join(layer.Path, name)
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		if got, _ := os.Readlink(path); got != link {
			t.Errorf("%s: got a link to %q, want %q", name, got, link)
		}
	}
	if _, err := os.Lstat(filepath.Join(layer.Path, "usr/share/man")); err == nil {
		t.Error("the layer has manual pages")
	}
	for name, want := range map[string]string{"PATH.append": layer.Path + "/usr/bin", "LD_LIBRARY_PATH.append": layer.Path + "/usr/lib/aarch64-linux-gnu", "FONTCONFIG_FILE.default": layer.Path + "/etc/fonts/fonts.conf"} {
		if got := layer.LaunchEnv[name]; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	var bom bytes.Buffer
	if _, err := bom.ReadFrom(layer.SBOM.Formats()[0].Content); err != nil || !strings.Contains(bom.String(), "pkg:deb/debian/tool@1:2.0-1?arch=arm64&distro=debian-13") {
		t.Errorf("got the SBOM %s, %v", bom.String(), err)
	}

	first, err := treediff.List(layer.Path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.build(app, "BP_APT_PACKAGES=tool"); err != nil {
		t.Fatal(err)
	}
	again, err := treediff.List(layer.Path)
	if err != nil {
		t.Fatal(err)
	}
	if differences := treediff.Compare(first, again); len(differences) > 0 {
		t.Errorf("made again, the layer differs: %q", differences)
	}
}

func TestAnUnchangedLayerIsReused(t *testing.T) {
	s := newScene(t)
	s.fill()
	result, err := s.build(t.TempDir(), "BP_APT_PACKAGES=fonts-x=3")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(s.log.String(), "unpinned") {
		t.Errorf("a pinned package has a warning:\n%s", s.log.String())
	}
	write(t, s.layers+"/packages.toml", "[types]\nlaunch = true\n[metadata]\nsha256 = \""+result.Layers[0].Metadata["sha256"].(string)+"\"\n")
	if err := os.RemoveAll(result.Layers[0].Path); err != nil { // a launch layer is not restored
		t.Fatal(err)
	}
	for pattern := range map[string]bool{"*.deb": true} { // it needs no package again
		found, _ := filepath.Glob(filepath.Join(s.dir, pattern))
		for _, file := range found {
			os.Remove(file)
		}
	}
	if _, err := s.build(t.TempDir(), "BP_APT_PACKAGES=fonts-x"); err != nil || !strings.Contains(s.log.String(), "Reusing cached layer") {
		t.Errorf("got %v\n%s", err, s.log.String())
	}
	if _, err := s.build(t.TempDir(), "BP_APT_PACKAGES=tool"); !errors.Is(err, &failure.Failure{ID: "apt-archive-incomplete"}) {
		t.Errorf("packages that are gone: got %v", err)
	}
}

func TestBuildsThatEnd(t *testing.T) {
	s := newScene(t)
	s.fill()
	other := newArchive(t)
	for _, row := range []struct {
		name, id, says string
		env            []string
	}{
		{"a name that is misspelt", "apt-package-unknown", "Similar names are: tool", []string{"BP_APT_PACKAGES=tolo"}},
		{"a package of another architecture", "apt-package-unknown", `"foreign", want one of the archive's for linux/arm64`, []string{"BP_APT_PACKAGES=foreign"}},
		{"a version that is not there", "apt-version-unknown", "1:2.0-1, 1:1.0-1", []string{"BP_APT_PACKAGES=tool=3"}},
		{"a newer libc", "apt-packages-conflict", "libc6 (>= 3)", []string{"BP_APT_PACKAGES=newer"}},
		{"a script that does more", "apt-script-unsupported", `the package service has a script postinst that does more than a layer can have, in line 3: "adduser --system service"`, []string{"BP_APT_PACKAGES=service"}},
		{"an archive of somebody else", "apt-archive-untrusted", "", []string{"BP_APT_PACKAGES=tool", "BP_APT_SOURCES=deb " + other.url + "/ ./"}},
		{"no server", "apt-archive-unreachable", "127.0.0.1", []string{"BP_APT_PACKAGES=tool", "BP_APT_SOURCES=deb http://127.0.0.1:9/ ./"}},
		{"no such archive", "apt-archive-incomplete", "Release", []string{"BP_APT_PACKAGES=tool", "BP_APT_SOURCES=deb " + s.url + "/ none/"}},
		{"a package for services", "apt-package-unsupported", "systemd", []string{"BP_APT_PACKAGES=systemd"}},
		{"a name that is none", "apt-package-invalid", "--yes", []string{"BP_APT_PACKAGES=--yes"}},
		{"another distribution", "run-image-distribution", "ubuntu 24.04", []string{"BP_APT_PACKAGES=tool", "CNB_TARGET_DISTRO_NAME=ubuntu", "CNB_TARGET_DISTRO_VERSION=24.04"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.id == "apt-archive-untrusted" {
				other.add("Package: tool\nVersion: 9\nArchitecture: arm64\n", nil)
			}
			_, err := s.build(t.TempDir(), row.env...)
			if !errors.Is(err, &failure.Failure{ID: row.id}) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want [%s] with %s", err, row.id, row.says)
			}
		})
	}
	t.Run("a package that was changed", func(t *testing.T) {
		found, _ := filepath.Glob(filepath.Join(s.dir, "fonts-x-*.deb"))
		content, err := os.ReadFile(found[0])
		if err != nil {
			t.Fatal(err)
		}
		content[len(content)-10] ^= 1
		s.write(filepath.Base(found[0]), content)
		if _, err := s.build(t.TempDir(), "BP_APT_PACKAGES=fonts-x"); !errors.Is(err, &failure.Failure{ID: "apt-archive-unreachable"}) || !strings.Contains(err.Error(), "Hash Sum mismatch") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a builder without lists", func(t *testing.T) {
		s.builder.RunImages = t.TempDir() + "/none"
		if _, err := s.build(t.TempDir(), "BP_APT_PACKAGES=tool"); !errors.Is(err, &failure.Failure{ID: "run-image-unknown"}) {
			t.Errorf("got %v", err)
		}
	})
}

func TestABindingAddsAnArchive(t *testing.T) {
	s, own := newScene(t), newArchive(t)
	s.fill()
	own.add("Package: own-tool\nVersion: 1\nArchitecture: arm64\nDepends: libtool-thing\n", map[string]string{"usr/bin/own": "o"})
	bindings := t.TempDir()
	write(t, bindings+"/own/type", "apt-sources")
	write(t, bindings+"/own/sources.list", "deb "+own.url+"/ ./\n")
	key, err := os.ReadFile(own.keyring())
	if err != nil {
		t.Fatal(err)
	}
	write(t, bindings+"/own/key.asc", string(key))
	t.Setenv("SERVICE_BINDING_ROOT", bindings)
	result, err := s.build(t.TempDir(), "BP_APT_PACKAGES=own-tool")
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log.String())
	}
	for _, name := range []string{"usr/bin/own", "usr/lib/aarch64-linux-gnu/libthing.so.1"} {
		if _, err := os.Stat(filepath.Join(result.Layers[0].Path, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestDetect(t *testing.T) {
	named, bare := t.TempDir(), t.TempDir()
	write(t, named+"/Aptfile", "ffmpeg\n")
	for _, row := range []struct {
		name, dir, env string
		want           bool
	}{
		{"nothing", bare, "A=", false},
		{"blanks", bare, "BP_APT_PACKAGES= , ", false},
		{"a setting", bare, "BP_APT_PACKAGES=ffmpeg", true},
		{"a file", named, "A=", true},
		{"what the build will refuse", bare, "BP_APT_PACKAGES=--yes", true},
	} {
		_, err := systempackages.Detect(environ.List{row.env})(packit.DetectContext{WorkingDir: row.dir})
		if (err == nil) != row.want {
			t.Errorf("%s: got %v", row.name, err)
		}
	}
}
