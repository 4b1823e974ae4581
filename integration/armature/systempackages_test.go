//go:build linux

package integration_test

import (
	"archive/tar"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/emulation"
)

// inPackages is where an image has the files of packages.
const inPackages = "layers/armature_system-packages/packages/"

// systemPackages builds an app with packages for a target into a folder.
func systemPackages(t *testing.T, u *user, app, packages string, to targets.Target, args ...string) built {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "image")
	b := u.must(app, append(args, "--platform", to.String(), "--env", "BP_APT_PACKAGES="+packages, "--output", "oci:"+folder, "--tag", "packages")...)
	b.folder = folder
	return b
}

func TestSystemPackagesAreALayerOfTheTarget(t *testing.T) {
	t.Parallel()
	to := targets.LinuxARM64
	u := newUser(t, 0)
	boms := t.TempDir()
	b := systemPackages(t, u, staticSite, "fonts-dejavu-core, libpng16-16t64", to, "--sbom-dir", boms)
	if !strings.Contains(b.log, "[apt-package-unpinned]") || !strings.Contains(b.log, "fonts-dejavu-core 2.") {
		t.Errorf("the log has no warning, or no version:\n%s", b.log)
	}
	want := []string{inPackages + "usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", inPackages + "usr/share/doc/fonts-dejavu-core/copyright",
		inPackages + "etc/fonts/fonts.conf", inPackages + "usr/lib/aarch64-linux-gnu/libpng16.so.16"}
	files := mutate.Extract(layoutImage(t, b.folder, to))
	defer files.Close()
	for archive := tar.NewReader(files); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(header.Name, "/")
		want = slices.DeleteFunc(want, func(one string) bool { return one == name })
		if strings.HasPrefix(name, inPackages+"usr/share/man") || strings.Contains(name, "libc.so.6") && strings.HasPrefix(name, inPackages) {
			t.Errorf("%s is in the image", name)
		}
	}
	if len(want) > 0 {
		t.Errorf("the image lacks %q", want)
	}
	if !namesDebian(t, boms) {
		t.Error("no SBOM has pkg:deb/debian/fonts-dejavu-core for arm64")
	}
	again := systemPackages(t, u, staticSite, "libpng16-16t64 fonts-dejavu-core", to)
	if again.digest != b.digest || !strings.Contains(again.log, "Reusing layer 'armature/system-packages:packages'") {
		t.Errorf("again: got %s, want %s, and its layers\n%s", again.digest, b.digest, again.log)
	}
	if failed := u.build(staticSite, "--tag", "packages", "--platform", to.String(), "--env", "BP_APT_PACKAGES=fonts-dejavo"); failed.status == 0 ||
		!strings.Contains(failed.log, "[apt-package-unknown]") || !strings.Contains(failed.log, "fonts-dejavu") {
		t.Errorf("a name that is misspelt: got %d\n%s", failed.status, failed.log)
	}
	if failed := u.build(staticSite, "--tag", "packages", "--platform", to.String(), "--env", "BP_APT_PACKAGES=ffmpeg", "--network", "none"); failed.status != 75 ||
		!strings.Contains(failed.log, "[apt-archive-unreachable]") {
		t.Errorf("without a network: got %d, want 75\n%s", failed.status, failed.log)
	}
}

// namesDebian reports whether a folder of SBOMs has the package URL of a package.
func namesDebian(t *testing.T, dir string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "cdx.json") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var bom struct {
			Components []struct{ PURL string }
		}
		if err := json.Unmarshal(text, &bom); err != nil {
			return err
		}
		for _, c := range bom.Components {
			found = found || strings.HasPrefix(c.PURL, "pkg:deb/debian/fonts-dejavu-core@2.") && strings.Contains(c.PURL, "arch=all&distro=debian-13")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Programs of packages run on the run image, whose files are read-only, on both
// targets. make system-packages runs it.
func TestProgramsOfSystemPackagesRun(t *testing.T) {
	if os.Getenv("ARMATURE_SYSTEM_PACKAGES") == "" {
		t.Skip("left out: it downloads some 400 MB; make system-packages runs it")
	}
	const packages = "ffmpeg imagemagick chromium fonts-dejavu fontconfig"
	for _, to := range targets.All() {
		t.Run(to.Arch, func(t *testing.T) {
			if to != host(t) && !emulation.Works(to) {
				t.Skip("this machine has no emulation of " + to.String())
			}
			u := newUser(t, 0)
			b := systemPackages(t, u, staticSite, packages, to)
			for _, row := range []struct{ name, command, want string }{
				{"ffmpeg", "ffmpeg -v error -f lavfi -i testsrc=duration=1:size=64x64:rate=5 -c:v libx264 /tmp/a.mp4 && ffprobe -v error -show_entries stream=codec_name -of csv=p=0 /tmp/a.mp4", "h264"},
				{"imagemagick", "magick -size 200x80 xc:white -font DejaVu-Sans -pointsize 30 -annotate +10+40 Hi /tmp/a.webp && identify -format '%m %w' /tmp/a.webp && convert rose: /tmp/r.jpg && identify -format ' %m' /tmp/r.jpg", "WEBP 200 JPEG"},
				{"fonts-dejavu", "fc-match 'DejaVu Serif:bold'", "DejaVuSerif-Bold.ttf"},
				{"chromium", "chromium --version", "Chromium 1"},
			} {
				if got := u.inImage(b.folder, row.command); !strings.Contains(got, row.want) {
					t.Errorf("%s: got %q, want %s", row.name, got, row.want)
				}
			}
			if to != host(t) {
				return // emulated by user, its processes crash, and the page never comes
			}
			page := `chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir=/tmp/p --dump-dom 'data:text/html,<p id=x></p><script>x.textContent=6*7</script>'`
			if got := u.inImage(b.folder, page); !strings.Contains(got, `<p id="x">42</p>`) {
				t.Errorf("chromium's page: got %q", got)
			}
			again := systemPackages(t, u, staticSite, packages, to, "--cache-dir", t.TempDir())
			if again.digest != b.digest {
				t.Errorf("again, anew: got %s, want %s", again.digest, b.digest)
			}
		})
	}
}

// inImage runs a command of a shell in an image and returns what it prints.
func (u *user) inImage(folder, command string) string {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.t.Context(), 5*time.Minute)
	defer cancel()
	out, err := u.command(ctx, "run", folder, "--entrypoint", "/cnb/lifecycle/launcher", "--", "sh", "-c", command).CombinedOutput()
	if err != nil {
		u.t.Errorf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}
