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
	for _, tc := range []struct{ name, request, want string }{
		{name: "no request is the default line", request: "", want: "24.2.0"},
		{name: "so is default", request: "default", want: "24.2.0"},
		{name: "an exact version", request: "22.1.0", want: "22.1.0"},
		{name: "an exact version with v", request: "v22.1.0", want: "22.1.0"},
		{name: "a line", request: "22", want: "22.2.0"},
		{name: "a line with x", request: "22.x", want: "22.2.0"},
		{name: "a line with stars", request: "22.*.*", want: "22.2.0"},
		{name: "a caret", request: "^22.1.0", want: "22.2.0"},
		{name: "a tilde", request: "~22.1.0", want: "22.1.0"},
		{name: "Ruby's operator with two numbers", request: "~> 22.1", want: "22.2.0"},
		{name: "Ruby's operator with three numbers", request: "~> 22.1.0", want: "22.1.0"},
		{name: "a range with a space", request: ">=20 <23", want: "22.2.0"},
		{name: "a range with a comma", request: ">=20,<23", want: "22.2.0"},
		{name: "a choice prefers the default line", request: "22 || 24 || 26", want: "24.2.0"},
		{name: "a hyphen range", request: "20 - 22", want: "22.2.0"},
		{name: "an open range prefers the default line", request: ">=20", want: "24.2.0"},
		{name: "a star prefers the default line", request: "*", want: "24.2.0"},
		{name: "without the default line the newest LTS line", request: "<24 || >=26", want: "22.2.0"},
		{name: "without an LTS line the newest", request: ">=25", want: "26.2.0"},
		{name: "a maintained line is preferred to a newer LTS line that ended", request: "20 || 26", want: "26.2.0"},
		{name: "a version of a line that ended, when named", request: "20.1.0", want: "20.1.0"},
		{name: "a version of a line that ended, with an operator", request: "=v20.1.0", want: "20.1.0"},
		{name: "newest LTS line", request: "lts/*", want: "24.2.0"},
		{name: "newest LTS line, short", request: "lts", want: "24.2.0"},
		{name: "stable", request: "stable", want: "24.2.0"},
		{name: "a codename", request: "lts/jod", want: "22.2.0"},
		{name: "a codename in upper case", request: "LTS/Jod", want: "22.2.0"},
		{name: "the LTS line before", request: "lts/-1", want: "22.2.0"},
		{name: "node", request: "node", want: "24.2.0"},
		{name: "current", request: "current", want: "26.2.0"},
		{name: "latest", request: "latest", want: "26.2.0"},
		{name: "spaces around", request: " 22 ", want: "22.2.0"},
		{name: "a comma and a space", request: ">=20, <23", want: "22.2.0"},
		{name: "two signs of equality before a line", request: "==22", want: "22.2.0"},
		{name: "a space within an operator", request: "> =22 <24", want: "22.2.0"},
		{name: "an alternative that is empty has every version", request: ">=26 ||", want: "24.2.0"},
		{name: "so it has at the beginning", request: "|| >=26", want: "24.2.0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := everything(t).Resolve(tc.request, ".nvmrc", targets.LinuxARM64, targets.LinuxAMD64)
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
	for _, tc := range []struct{ name, request, id string }{
		{name: "a version that does not exist", request: "24.9.0", id: inventory.IDVersionUnknown},
		{name: "a line that does not exist", request: "99", id: inventory.IDVersionUnknown},
		{name: "a version that the host does not have", request: "24.3.0", id: inventory.IDVersionUnknown},
		{name: "an empty range", request: ">=24 <23", id: inventory.IDVersionUnknown},
		{name: "a word", request: "newest", id: inventory.IDVersionInvalid},
		{name: "a codename that nobody knows", request: "lts/nobody", id: inventory.IDVersionInvalid},
		{name: "more LTS lines back than there are", request: "lts/-9", id: inventory.IDVersionInvalid},
		{name: "one LTS line more back than there are", request: "lts/-3", id: inventory.IDVersionInvalid},
		{name: "no LTS line back", request: "lts/0", id: inventory.IDVersionInvalid},
		{name: "an LTS line forward", request: "lts/1", id: inventory.IDVersionInvalid},
		{name: "a comment", request: "24 # ours", id: inventory.IDVersionInvalid},
		{name: "a line that ended", request: "20", id: inventory.IDEndOfLife},
		{name: "a range within a line that ended", request: "^20.1.0", id: inventory.IDEndOfLife},
		{name: "a line that ended without having been LTS", request: "25", id: inventory.IDEndOfLife},
		{name: "lines of which all ended", request: "20 || 25", id: inventory.IDEndOfLife},
		{name: "the codename of a line that ended", request: "lts/iron", id: inventory.IDEndOfLife},
		{name: "an LTS line before that ended", request: "lts/-2", id: inventory.IDEndOfLife},
		{name: "a range that is cut off", request: ">=", id: inventory.IDVersionInvalid},
		{name: "a number behind an unknown one", request: "22.x.3", id: inventory.IDVersionInvalid},
		{name: "zeros in front", request: "00022", id: inventory.IDVersionInvalid},
		{name: "an operator that npm does not have", request: "!=22", id: inventory.IDVersionInvalid},
		{name: "nothing behind a comma", request: ">=20,", id: inventory.IDVersionInvalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := everything(t).Resolve(tc.request, ".nvmrc", targets.LinuxARM64, targets.LinuxAMD64)
			if !errors.Is(err, &failure.Failure{ID: tc.id}) {
				t.Fatalf("got %v, %v, want a failure %s", got, err, tc.id)
			}
			if !strings.Contains(err.Error(), ".nvmrc") || !strings.Contains(err.Error(), tc.request) {
				t.Errorf("it does not say who asked for what: %s", err)
			}
		})
	}
}

func TestUnknownVersionListsWhatExists(t *testing.T) {
	_, err := everything(t).Resolve("24.9.0", "BP_NODE_VERSION", targets.LinuxARM64)
	want := `[node-version-unknown] BP_NODE_VERSION asks for Node.js "24.9.0", which does not exist here for linux/arm64; there are:
  26.1.0 to 26.2.0 (2 versions)
  25.1.0 to 25.2.0 (2 versions)
  24.3.0, 24.2.0, 24.1.0
  22.1.0 to 22.2.0 (2 versions)
  20.1.0 to 20.2.0 (2 versions)
To fix it: choose a version that exists, or a newer release of this buildpack.`
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
	for _, tc := range []struct{ name, request, want string }{
		{name: "a line", request: "20", want: "20.2.0"},
		{name: "a line with x", request: "20.x", want: "20.2.0"},
		{name: "a range around the line", request: ">=19 <21", want: "20.2.0"},
		{name: "a range within the line", request: "~20.1.0", want: "20.1.0"},
		{name: "a codename", request: "lts/iron", want: "20.2.0"},
		{name: "the LTS line before the one before", request: "lts/-2", want: "20.2.0"},
		{name: "a line that never was LTS", request: "25", want: "25.2.0"},
		{name: "of several the LTS line", request: "20 || 25", want: "20.2.0"},
		{name: "not where a living line fits, too", request: "20 || 22"},
		{name: "not for an open range", request: ">=20"},
		{name: "not for an exact version, which Resolve gives", request: "20.1.0"},
		{name: "not for what does not exist", request: "20.9"},
		{name: "not for a word", request: "newest"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := everything(t).Ended(tc.request, ".nvmrc", targets.LinuxARM64, targets.LinuxAMD64)
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
		request string
		want    bool
	}{{"24", true}, {"lts/*", true}, {">=20, <25", true}, {"22", false}, {"latest", false}, {"newest", true}, {"", true}} {
		if got := everything(t).Satisfies(semver.MustParse("24.2.0"), tc.request); got != tc.want {
			t.Errorf("%q: got %v", tc.request, got)
		}
	}
}

func TestNearest(t *testing.T) {
	nodes := []node{{"24.3.0", "arm64"}}
	for _, version := range []string{"20.2.0", "22.1.0", "22.3.1", "22.3.4", "22.5.0"} {
		nodes = append(nodes, node{version, "arm64"}, node{version, "amd64"})
	}
	inv := read(t, nodes...)
	for _, tc := range []struct{ name, request, want string }{
		{name: "the newest patch of the minor", request: "22.3.2", want: "22.3.4"},
		{name: "an older patch when there is no newer one", request: "22.3.9", want: "22.3.4"},
		{name: "with an operator", request: "=v22.3.0", want: "22.3.4"},
		{name: "the next minor when there is none", request: "22.2.0", want: "22.3.1"},
		{name: "the newest when there is nothing above", request: "22.9.0", want: "22.5.0"},
		{name: "in a line that ended", request: "20.2.9", want: "20.2.0"},
		{name: "not in another line", request: "23.1.0"},
		{name: "not what one target lacks", request: "24.3.1"},
		{name: "not for a range", request: "~22.4.0"},
		{name: "not for a line", request: "22"},
		{name: "not for a word", request: "newest"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := inv.Nearest(tc.request, ".nvmrc", targets.LinuxARM64, targets.LinuxAMD64)
			if ok != (tc.want != "") || (ok && got.String() != tc.want) {
				t.Errorf("got %v, %v, want %s", got, ok, tc.want)
			}
		})
	}
}
