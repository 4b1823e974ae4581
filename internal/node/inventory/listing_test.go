package inventory_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/inventory"
)

func TestUnknownVersionListsALinesOnlyVersion(t *testing.T) {
	_, err := read(t, node{"24.1.0", "arm64"}, node{"22.1.0", "arm64"}, node{"22.2.0", "arm64"}).Resolve("99", ".nvmrc", targets.LinuxARM64)
	if want := "linux/arm64; there are:\n  24.1.0\n  22.1.0 to 22.2.0 (2 versions)\nTo fix it: choose a version that exists, or a newer release of this buildpack."; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestUnknownVersionNamesEveryTargetOnce(t *testing.T) {
	_, err := read(t, node{"24.1.0", "arm64"}, node{"22.1.0", "amd64"}).Resolve("24.9.0", ".nvmrc", targets.LinuxARM64, targets.LinuxAMD64, targets.LinuxARM64)
	want := "does not exist here for linux/arm64 and linux/amd64\nTo fix it: choose a version that exists, or a newer release of this buildpack."
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// A build today must come out as one at any other time did: the newest day that
// stands in the inventory counts.
func TestWhatDayItIsStandsInTheInventory(t *testing.T) {
	for _, tc := range []struct {
		name, newest, lts, codename string
		ended                       bool
	}{
		{name: "a release after the end", newest: "2026-05-01", lts: "2020-01-01", codename: "krypton", ended: true},
		{name: "a release on the last day", newest: "2026-04-30", lts: "2020-01-01", codename: "krypton"},
		{name: "a line that became LTS after the end", newest: "2020-01-01", lts: "2026-05-01", codename: "krypton", ended: true},
		{name: "a line that is to become LTS", newest: "2020-01-01", lts: "2026-05-01"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			lines := "[[metadata.lines]]\nline = 20\ncodename = \"iron\"\nend-of-life = \"2026-04-30\"\n" +
				"[[metadata.lines]]\nline = 24\ncodename = \"" + tc.codename + "\"\nlts = \"" + tc.lts + "\"\nnewest-release = \"" + tc.newest + "\"\n"
			inv, err := inventory.Read(write(t, lines+strings.ReplaceAll(dependencies([]node{{"20.1.0", "arm64"}, {"24.1.0", "arm64"}}), "npm-package", "#")))
			if err != nil {
				t.Fatal(err)
			}
			_, err = inv.Resolve("20", ".nvmrc", targets.LinuxARM64)
			if got := errors.Is(err, &failure.Failure{ID: inventory.IDEndOfLife}); got != tc.ended || (err != nil) != tc.ended {
				t.Errorf("got %v, want it to have ended: %v", err, tc.ended)
			}
		})
	}
}
