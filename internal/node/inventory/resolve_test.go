package inventory_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/inventory"
)

// everything has two versions of each line for both targets, and 24.3.0 for
// arm64 only.
func everything(t *testing.T) *inventory.Inventory {
	nodes := []node{{"24.3.0", "arm64"}}
	for _, version := range []string{"20.1.0", "20.2.0", "22.1.0", "22.2.0", "24.1.0", "24.2.0", "25.1.0", "25.2.0", "26.1.0", "26.2.0"} {
		nodes = append(nodes, node{version, "arm64"}, node{version, "amd64"})
	}
	return read(t, nodes...)
}

func TestResolve(t *testing.T) {
	for _, tc := range []struct{ name, wish, want string }{
		{name: "no wish is the default line", wish: "", want: "24.2.0"},
		{name: "so is default", wish: "default", want: "24.2.0"},
		{name: "an exact version", wish: "22.1.0", want: "22.1.0"},
		{name: "an exact version with v", wish: "v22.1.0", want: "22.1.0"},
		{name: "a line", wish: "22", want: "22.2.0"},
		{name: "a line with x", wish: "22.x", want: "22.2.0"},
		{name: "a line with stars", wish: "22.*.*", want: "22.2.0"},
		{name: "a caret", wish: "^22.1.0", want: "22.2.0"},
		{name: "a tilde", wish: "~22.1.0", want: "22.1.0"},
		{name: "Ruby's operator with two numbers", wish: "~> 22.1", want: "22.2.0"},
		{name: "Ruby's operator with three numbers", wish: "~> 22.1.0", want: "22.1.0"},
		{name: "a range with a space", wish: ">=20 <23", want: "22.2.0"},
		{name: "a range with a comma", wish: ">=20,<23", want: "22.2.0"},
		{name: "a choice prefers the default line", wish: "22 || 24 || 26", want: "24.2.0"},
		{name: "a hyphen range", wish: "20 - 22", want: "22.2.0"},
		{name: "an open range prefers the default line", wish: ">=20", want: "24.2.0"},
		{name: "a star prefers the default line", wish: "*", want: "24.2.0"},
		{name: "without the default line the newest LTS line", wish: "<24 || >=26", want: "22.2.0"},
		{name: "without an LTS line the newest", wish: ">=25", want: "26.2.0"},
		{name: "a living line goes before a newer LTS line that ended", wish: "20 || 26", want: "26.2.0"},
		{name: "a version of a line that ended, when named", wish: "20.1.0", want: "20.1.0"},
		{name: "a version of a line that ended, with an operator", wish: "=v20.1.0", want: "20.1.0"},
		{name: "newest LTS line", wish: "lts/*", want: "24.2.0"},
		{name: "newest LTS line, short", wish: "lts", want: "24.2.0"},
		{name: "stable", wish: "stable", want: "24.2.0"},
		{name: "a codename", wish: "lts/jod", want: "22.2.0"},
		{name: "a codename in upper case", wish: "LTS/Jod", want: "22.2.0"},
		{name: "the LTS line before", wish: "lts/-1", want: "22.2.0"},
		{name: "node", wish: "node", want: "24.2.0"},
		{name: "current", wish: "current", want: "26.2.0"},
		{name: "latest", wish: "latest", want: "26.2.0"},
		{name: "spaces around", wish: " 22 ", want: "22.2.0"},
		{name: "a comma and a space", wish: ">=20, <23", want: "22.2.0"},
		{name: "two signs of equality before a line", wish: "==22", want: "22.2.0"},
		{name: "a space within an operator", wish: "> =22 <24", want: "22.2.0"},
		{name: "an alternative that is empty has every version", wish: ">=26 ||", want: "24.2.0"},
		{name: "so it has at the beginning", wish: "|| >=26", want: "24.2.0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := everything(t).Resolve(tc.wish, ".nvmrc", targets.LinuxARM64, targets.LinuxAMD64)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestResolveTakesWhatAllTargetsHave(t *testing.T) {
	inv := everything(t)
	for _, tc := range []struct {
		want    string
		targets []targets.Target
	}{
		{want: "24.3.0", targets: []targets.Target{targets.LinuxARM64}},
		{want: "24.3.0", targets: []targets.Target{targets.LinuxARM64, targets.LinuxARM64}},
		{want: "24.2.0", targets: []targets.Target{targets.LinuxAMD64}},
		{want: "24.2.0", targets: []targets.Target{targets.LinuxARM64, targets.LinuxAMD64}},
	} {
		got, err := inv.Resolve("24", ".nvmrc", tc.targets...)
		if err != nil || got.String() != tc.want {
			t.Errorf("%v: got %v, %v, want %s", tc.targets, got, err, tc.want)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	for _, tc := range []struct{ name, wish, id string }{
		{name: "a version that does not exist", wish: "24.9.0", id: inventory.IDVersionUnknown},
		{name: "a line that does not exist", wish: "99", id: inventory.IDVersionUnknown},
		{name: "a version that the host does not have", wish: "24.3.0", id: inventory.IDVersionUnknown},
		{name: "an empty range", wish: ">=24 <23", id: inventory.IDVersionUnknown},
		{name: "a word", wish: "newest", id: inventory.IDVersionInvalid},
		{name: "a codename that nobody knows", wish: "lts/nobody", id: inventory.IDVersionInvalid},
		{name: "more LTS lines back than there are", wish: "lts/-9", id: inventory.IDVersionInvalid},
		{name: "one LTS line more back than there are", wish: "lts/-3", id: inventory.IDVersionInvalid},
		{name: "no LTS line back", wish: "lts/0", id: inventory.IDVersionInvalid},
		{name: "an LTS line forward", wish: "lts/1", id: inventory.IDVersionInvalid},
		{name: "a comment", wish: "24 # ours", id: inventory.IDVersionInvalid},
		{name: "a line that ended", wish: "20", id: inventory.IDEndOfLife},
		{name: "a range within a line that ended", wish: "^20.1.0", id: inventory.IDEndOfLife},
		{name: "a line that ended without having been LTS", wish: "25", id: inventory.IDEndOfLife},
		{name: "lines of which all ended", wish: "20 || 25", id: inventory.IDEndOfLife},
		{name: "the codename of a line that ended", wish: "lts/iron", id: inventory.IDEndOfLife},
		{name: "an LTS line before that ended", wish: "lts/-2", id: inventory.IDEndOfLife},
		{name: "a range that is cut off", wish: ">=", id: inventory.IDVersionInvalid},
		{name: "a number behind an unknown one", wish: "22.x.3", id: inventory.IDVersionInvalid},
		{name: "zeros in front", wish: "00022", id: inventory.IDVersionInvalid},
		{name: "an operator that npm does not have", wish: "!=22", id: inventory.IDVersionInvalid},
		{name: "nothing behind a comma", wish: ">=20,", id: inventory.IDVersionInvalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := everything(t).Resolve(tc.wish, ".nvmrc", targets.LinuxARM64, targets.LinuxAMD64)
			if !errors.Is(err, &failure.Failure{ID: tc.id}) {
				t.Fatalf("got %v, %v, want a failure %s", got, err, tc.id)
			}
			if !strings.Contains(err.Error(), ".nvmrc") || !strings.Contains(err.Error(), tc.wish) {
				t.Errorf("it does not say who asked for what: %s", err)
			}
		})
	}
}

func TestUnknownVersionListsWhatExists(t *testing.T) {
	_, err := everything(t).Resolve("24.9.0", "BP_NODE_VERSION", targets.LinuxARM64)
	want := `[node-version-unknown] BP_NODE_VERSION asks for Node.js "24.9.0", which does not exist here for linux/arm64
To fix it: choose one of these versions, or a newer release of this buildpack:
  26.1.0 to 26.2.0 (2 versions)
  25.1.0 to 25.2.0 (2 versions)
  24.3.0, 24.2.0, 24.1.0
  22.1.0 to 22.2.0 (2 versions)
  20.1.0 to 20.2.0 (2 versions)`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestInvalidVersionListsTheAliases(t *testing.T) {
	_, err := everything(t).Resolve("lts/nobody", "BP_NODE_VERSION", targets.LinuxARM64)
	want := `[node-version-invalid] BP_NODE_VERSION asks for Node.js "lts/nobody", which is neither a version, a range nor a known alias
To fix it: use a version (24.1.0), a range (24, 22.x, >=22 <25) or one of node, current, latest, stable, lts/*, lts/-1, lts/krypton, lts/jod, lts/iron.`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestAliasesNameOnlyLinesWithReleases(t *testing.T) {
	inv := read(t, node{"22.1.0", "arm64"}, node{"20.1.0", "arm64"})
	for alias, want := range map[string]string{"lts/*": "22.*", "lts/-1": "20.*", "latest": "22.*"} {
		if got, ok := inv.Alias(alias); !ok || got != want {
			t.Errorf("%s: got %q, want %q", alias, got, want)
		}
	}
}

func TestACodenameOfALineWithoutReleasesIsNoTypingError(t *testing.T) {
	inv := read(t, node{"22.1.0", "arm64"}, node{"20.1.0", "arm64"})
	if got, ok := inv.Alias("lts/krypton"); got != "24.*" || !ok {
		t.Errorf("got %q", got)
	}
	if _, err := inv.Resolve("lts/krypton", ".nvmrc", targets.LinuxARM64); !errors.Is(err, &failure.Failure{ID: inventory.IDVersionUnknown}) {
		t.Errorf("got %v", err)
	}
	if got, ok := inv.Alias("lts/"); ok {
		t.Errorf("no name at all: got %q", got)
	}
}

func TestEndOfLifeNamesTheVersionToPin(t *testing.T) {
	_, err := everything(t).Resolve("20.x", "package.json", targets.LinuxARM64)
	want := `[node-end-of-life] package.json asks for Node.js "20.x", but line 20 reached its end of life on 2026-04-30 and gets no security fixes any more
To fix it: move to line 22 or a newer one (lts/* is the newest with long-term support), or to keep using it as it is, set BP_NODE_VERSION to the exact version 20.2.0, or BP_NODE_VERSION_STRICT to false.`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestEnded(t *testing.T) {
	for _, tc := range []struct{ name, wish, want string }{
		{name: "a line", wish: "20", want: "20.2.0"},
		{name: "a line with x", wish: "20.x", want: "20.2.0"},
		{name: "a range around the line", wish: ">=19 <21", want: "20.2.0"},
		{name: "a range within the line", wish: "~20.1.0", want: "20.1.0"},
		{name: "a codename", wish: "lts/iron", want: "20.2.0"},
		{name: "the LTS line before the one before", wish: "lts/-2", want: "20.2.0"},
		{name: "a line that never was LTS", wish: "25", want: "25.2.0"},
		{name: "of several the LTS line", wish: "20 || 25", want: "20.2.0"},
		{name: "not where a living line fits, too", wish: "20 || 22"},
		{name: "not for an open range", wish: ">=20"},
		{name: "not for an exact version, which Resolve gives", wish: "20.1.0"},
		{name: "not for what does not exist", wish: "20.9"},
		{name: "not for a word", wish: "newest"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := everything(t).Ended(tc.wish, ".nvmrc", targets.LinuxARM64, targets.LinuxAMD64)
			if ok != (tc.want != "") || (ok && got.String() != tc.want) {
				t.Errorf("got %v, %v, want %q", got, ok, tc.want)
			}
		})
	}
}

func TestSuccessor(t *testing.T) {
	early := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name         string
		number, want int
		day          time.Time
	}{
		{name: "the next line", number: 20, want: 22, day: early},
		{name: "of a line that the inventory does not have", number: 19, want: 22, day: early},
		{name: "not one that ended by what the inventory knows", number: 24, want: 26, day: early},
		{name: "not one that ended by the day", number: 20, want: 24, day: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)},
		{name: "none above the newest", number: 26, day: early},
		{name: "none when all ended", number: 20, day: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := everything(t).Successor(tc.number, tc.day)
			if ok != (tc.want != 0) || got.Number != tc.want {
				t.Errorf("got %d, %v, want %d", got.Number, ok, tc.want)
			}
		})
	}
}

func TestSatisfies(t *testing.T) {
	for _, tc := range []struct {
		wish string
		want bool
	}{{"24", true}, {"lts/*", true}, {">=20, <25", true}, {"22", false}, {"latest", false}, {"newest", true}, {"", true}} {
		if got := everything(t).Satisfies(semver.MustParse("24.2.0"), tc.wish); got != tc.want {
			t.Errorf("%q: got %v", tc.wish, got)
		}
	}
}

func TestNearest(t *testing.T) {
	nodes := []node{{"24.3.0", "arm64"}}
	for _, version := range []string{"20.2.0", "22.1.0", "22.3.1", "22.3.4", "22.5.0"} {
		nodes = append(nodes, node{version, "arm64"}, node{version, "amd64"})
	}
	inv := read(t, nodes...)
	for _, tc := range []struct{ name, wish, want string }{
		{name: "the newest patch of the minor", wish: "22.3.2", want: "22.3.4"},
		{name: "an older patch when there is no newer one", wish: "22.3.9", want: "22.3.4"},
		{name: "with an operator", wish: "=v22.3.0", want: "22.3.4"},
		{name: "the next minor when there is none", wish: "22.2.0", want: "22.3.1"},
		{name: "the newest when there is nothing above", wish: "22.9.0", want: "22.5.0"},
		{name: "in a line that ended", wish: "20.2.9", want: "20.2.0"},
		{name: "not in another line", wish: "23.1.0"},
		{name: "not what one target lacks", wish: "24.3.1"},
		{name: "not for a range", wish: "~22.4.0"},
		{name: "not for a line", wish: "22"},
		{name: "not for a word", wish: "newest"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := inv.Nearest(tc.wish, ".nvmrc", targets.LinuxARM64, targets.LinuxAMD64)
			if ok != (tc.want != "") || (ok && got.String() != tc.want) {
				t.Errorf("got %v, %v, want %s", got, ok, tc.want)
			}
		})
	}
}
