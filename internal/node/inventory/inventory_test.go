package inventory_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/inventory"
)

func TestReleaseHasThePinsOfBothSources(t *testing.T) {
	r, ok := read(t, node{"24.1.0", "arm64"}).Release(semver.MustParse("24.1.0"), targets.LinuxARM64)
	if !ok {
		t.Fatal("there is no release")
	}
	if r.Archive.URI != "https://nodejs.org/dist/v24.1.0/x.tar.gz" || r.Archive.Checksum.String() != "sha256:"+zeros {
		t.Errorf("archive: got %+v", r.Archive)
	}
	if r.Package.Package != "node-linux-x" || r.Package.Version != "24.1.0" || r.Package.Checksum.Algorithm != "sha512" {
		t.Errorf("package: got %+v", r.Package)
	}
	if r.NPM.Package != "npm" || r.NPM.Version != "11.0.0" || r.NPM.Checksum.Algorithm != "sha512" {
		t.Errorf("npm: got %+v", r.NPM)
	}
	if r.EndOfLife.Format("2006-01-02") != "2028-04-30" {
		t.Errorf("end of life: got %s", r.EndOfLife)
	}
}

func TestReleaseOfOneSource(t *testing.T) {
	text := dependencies([]node{{"24.1.0", "arm64"}})
	for _, tc := range []struct {
		name, without     string
		archive, package_ bool
	}{
		{name: "nodejs.org only", without: "npm-package", archive: true},
		{name: "the npm registry only", without: "uri", package_: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inv, err := inventory.Read(write(t, header+drop(text, tc.without)))
			if err != nil {
				t.Fatal(err)
			}
			r, _ := inv.Release(semver.MustParse("24.1.0"), targets.LinuxARM64)
			if r.Archive.IsZero() == tc.archive || r.Package.IsZero() == tc.package_ {
				t.Errorf("got %+v", r)
			}
			if got := len(inv.Only(func(r inventory.Release) bool { return !r.Archive.IsZero() }).Versions()); (got == 1) != tc.archive {
				t.Errorf("got %d versions with an archive", got)
			}
		})
	}
}

// drop leaves out the lines that set a key.
func drop(text, key string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), key+" =") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestReadRefuses(t *testing.T) {
	good := header + dependencies([]node{{"24.1.0", "arm64"}})
	for _, tc := range []struct{ name, old, new, want string }{
		{name: "a version that is none", old: `"24.1.0"`, new: `"24.1"`, want: "node 24.1 for linux/arm64"},
		{name: "a target that is none", old: `"arm64"`, new: `"riscv64"`, want: "unsupported target"},
		{name: "a short checksum", old: `"sha256:00`, new: `"sha256:`, want: "got 31 bytes, want 32"},
		{name: "an archive without a checksum", old: `"sha256:` + zeros + `"`, new: `""`, want: "want sha256:<hex>"},
		{name: "a date that is none", old: `"2028-04-30"`, new: `"soon"`, want: "line 24"},
		{name: "a package with a short checksum", old: `npm-checksum = "sha512:00`, new: `npm-checksum = "sha512:`, want: "got 63 bytes, want 64"},
		{name: "an npm with a short checksum", old: `  checksum = "sha512:00`, new: `  checksum = "sha512:`, want: "got 63 bytes, want 64"},
		{name: "a default that is no range", old: `"24.*.*"`, new: `"krypton"`, want: "default version"},
		{name: "text that is not TOML", old: "[metadata.default-versions]", new: "[", want: "reading"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bad := strings.Replace(good, tc.old, tc.new, 1)
			if bad == good {
				t.Fatal("the test changes nothing")
			}
			_, err := inventory.Read(write(t, bad))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestReadRefusesWhatNoSourceHas(t *testing.T) {
	text := drop(header, "version") + drop(dependencies([]node{{"24.1.0", "arm64"}}), "uri")
	if _, err := inventory.Read(write(t, text)); err == nil || !strings.Contains(err.Error(), "neither a uri nor an npm-package whose npm is in npm-releases") {
		t.Errorf("got %v", err)
	}
	if _, err := inventory.Read(write(t, header) + "-not"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no file: got %v", err)
	}
}

func TestOtherDependenciesAreNone(t *testing.T) {
	other := strings.ReplaceAll(dependencies([]node{{"9.9.9", "arm64"}}), `"node"`, `"python"`)
	inv, err := inventory.Read(write(t, header+other+dependencies([]node{{"24.1.0", "arm64"}})))
	if err != nil {
		t.Fatal(err)
	}
	if got := inv.Versions(); len(got) != 1 || got[0].String() != "24.1.0" {
		t.Errorf("got %v", got)
	}
	if r, ok := inv.Release(semver.MustParse("9.9.9"), targets.LinuxARM64); ok {
		t.Errorf("got %v", r)
	}
	if line, ok := inv.Line(9); ok {
		t.Errorf("got %v", line)
	}
	if line, ok := inv.Line(24); !ok || line.Number != 24 {
		t.Errorf("got %v, %v", line, ok)
	}
}

func TestWhatIsLeftOutIsNotFound(t *testing.T) {
	inv, err := inventory.Read(write(t, header+dependencies([]node{{"24.1.0", "arm64"}, {"24.2.0", "arm64"}, {"24.3.0", "arm64"}})))
	if err != nil {
		t.Fatal(err)
	}
	only := inv.Only(func(r inventory.Release) bool { return r.Version.String() != "24.1.0" })
	for version, want := range map[string]bool{"24.1.0": false, "24.2.0": true, "24.3.0": true} {
		got, ok := only.Release(semver.MustParse(version), targets.LinuxARM64)
		if ok != want || ok && got.Version.String() != version {
			t.Errorf("%s: got %v, %v", version, got.Version, ok)
		}
		if _, ok := inv.Release(semver.MustParse(version), targets.LinuxARM64); !ok {
			t.Errorf("%s is not in the whole inventory any more", version)
		}
	}
}

// What ships must be readable and hold a default for every target.
func TestTheInventoryThatShips(t *testing.T) {
	inv, err := inventory.Read("../../../buildpacks/node-engine/buildpack.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, tg := range targets.All() {
		if _, err := inv.Resolve("", "default", tg, targets.LinuxARM64, targets.LinuxAMD64); err != nil {
			t.Errorf("%s: %s", tg, err)
		}
	}
}

// 18, 20, 23 and 25 ended before the newest release that is known.
func TestTheInventoryThatShipsLeavesEndedLinesToExactVersions(t *testing.T) {
	inv, err := inventory.Read("../../../buildpacks/node-engine/buildpack.toml")
	if err != nil {
		t.Fatal(err)
	}
	both := targets.All()
	for _, request := range []string{"18", "20", "20.x", "~20.20.1", ">=20.0.0 <21", "lts/iron", "lts/hydrogen", "lts/-2", "23", "25", "^25.1.0", "<=20 || 25"} {
		if got, err := inv.Resolve(request, "test", both...); !errors.Is(err, &failure.Failure{ID: inventory.IDEndOfLife}) {
			t.Errorf("%s: got %v, %v", request, got, err)
		}
	}
	for _, request := range []string{"*", ">=18", ">=20", "18 || 20 || 22", ">=25", "node", "current", "latest", "stable", "lts/*", "lts/-1", "lts/jod"} {
		got, err := inv.Resolve(request, "test", both...)
		if err != nil || slices.Contains([]uint64{18, 19, 20, 21, 23, 25}, got.Major()) {
			t.Errorf("%s: got %v, %v", request, got, err)
		}
	}
	for _, request := range []string{"20.20.2", "v25.9.0"} {
		if got, err := inv.Resolve(request, "test", both...); err != nil || got.String() != strings.TrimPrefix(request, "v") {
			t.Errorf("%s: got %v, %v", request, got, err)
		}
	}
}

func TestTheInventoryThatShipsKnowsEveryCodename(t *testing.T) {
	inv, err := inventory.Read("../../../buildpacks/node-engine/buildpack.toml")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"lts/argon": "4.*", "lts/boron": "6.*", "lts/carbon": "8.*", "lts/dubnium": "10.*", "lts/erbium": "12.*", "lts/fermium": "14.*",
		"lts/gallium": "16.*", "lts/hydrogen": "18.*", "lts/iron": "20.*", "lts/jod": "22.*", "lts/krypton": "24.*",
	} {
		if got, ok := inv.Alias(name); got != want || !ok {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
