package distribution_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/distribution"
	"github.com/armature-cnb/armature/internal/node/inventory"
)

func TestBakedArchivesTakePrecedence(t *testing.T) {
	w := newWorld(t)
	for name, pins := range map[string]func(r inventory.Release) []inventory.Pin{
		"nodejs.org's":       func(r inventory.Release) []inventory.Pin { return []inventory.Pin{r.Archive} },
		"the npm registry's": func(r inventory.Release) []inventory.Pin { return []inventory.Pin{r.Package, r.NPM} },
	} {
		t.Run(name, func(t *testing.T) {
			f := w.finder(t, distribution.NodeJSOrg)
			for _, need := range w.needs() {
				for _, pin := range pins(need.Release) {
					path := strings.TrimPrefix(pin.URI, w.nodejs.URL)
					if pin.Package != "" {
						path = "/" + pin.Package + "/-/" + pin.Package + "-" + pin.Version + ".tgz"
					}
					bake(t, f.Baked, pin.Checksum, "bytes of "+path)
				}
			}
			w.asked = nil
			find(t, f, w.needs(), distribution.Baked)
			if len(w.asked) != 0 {
				t.Errorf("got %v", w.asked)
			}
		})
	}
}

func bake(t *testing.T, dir string, c checksum.Checksum, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, c.FileName()), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestABakedArchiveIsCheckedToo(t *testing.T) {
	w := newWorld(t)
	f := w.finder(t, distribution.Auto)
	bake(t, f.Baked, w.needs()[0].Release.Archive.Checksum, "damaged")
	_, err := f.Find(context.Background(), w.needs()...)
	if !errors.Is(err, &failure.Failure{ID: distribution.IDChecksumMismatch}) {
		t.Errorf("got %v", err)
	}
}

func TestWhatLiesInTheFolderIsNotDownloadedAgain(t *testing.T) {
	w := newWorld(t)
	f := w.finder(t, distribution.NodeJSOrg)
	find(t, f, w.needs(), distribution.NodeJSOrg)
	find(t, f, w.needs(), distribution.NodeJSOrg)
	if len(w.asked) != 2 {
		t.Errorf("got %v", w.asked)
	}
	bake(t, f.Dir, w.needs()[0].Release.Archive.Checksum, "damaged")
	find(t, f, w.needs(), distribution.NodeJSOrg)
	if len(w.asked) != 3 {
		t.Errorf("damaged: got %v", w.asked)
	}
}

func TestANativeBuildDownloadsOnce(t *testing.T) {
	w := newWorld(t)
	needs := []distribution.Need{{Release: w.release(targets.LinuxARM64)}, {Release: w.release(targets.LinuxARM64), NPM: true}}
	find(t, w.finder(t, distribution.NodeJSOrg), needs, distribution.NodeJSOrg)
	if len(w.asked) != 1 {
		t.Errorf("got %v", w.asked)
	}
}

func TestRestrictLeavesWhatTheSourceHas(t *testing.T) {
	inv, err := inventory.Read("../../../buildpacks/node-engine/buildpack.toml")
	if err != nil {
		t.Fatal(err)
	}
	all := len(inv.Versions(targets.LinuxARM64))
	for _, source := range []string{distribution.NodeJSOrg, distribution.NPM} {
		restricted := distribution.Restrict(inv, source, true)
		for _, version := range restricted.Versions(targets.LinuxARM64) {
			r, _ := restricted.Release(version, targets.LinuxARM64)
			if (source == distribution.NPM && r.Package.IsZero()) || (source == distribution.NodeJSOrg && r.Archive.IsZero()) {
				t.Errorf("%s has no %s", source, version)
			}
		}
	}
	if got := len(distribution.Restrict(inv, distribution.Auto, true).Versions(targets.LinuxARM64)); got != all {
		t.Errorf("auto: got %d versions, want %d", got, all)
	}
	unknown := distribution.Restrict(inv, distribution.Auto, false).Versions(targets.LinuxARM64)
	signed := distribution.Restrict(inv, distribution.NodeJSOrg, true).Versions(targets.LinuxARM64)
	if len(unknown) != len(signed) || len(unknown) == all {
		t.Errorf("auto, no registry known: got %d versions, want the %d of nodejs.org", len(unknown), len(signed))
	}
}
