package main_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	noderelease "github.com/armature-cnb/armature/tools/noderelease"
)

// texts are the faults as they are printed.
func texts(faults []noderelease.Fault) []string {
	var all []string
	for _, f := range faults {
		all = append(all, f.Error())
	}
	return all
}

func TestFaultsComeInTheOrderOfTheVersions(t *testing.T) {
	packages := map[string]string{}
	var unknown []string
	for i := 10; i < 30; i++ {
		version := fmt.Sprintf("25.%d.0", i)
		packages[version] = strings.Repeat("a", 128)
		unknown = append(unknown, "node "+version+": the index has no lower version of line 25, so its npm is not known")
	}
	evidence := noderelease.Evidence{Packages: map[targets.Target]map[string]string{targets.LinuxARM64: packages}}
	policy := noderelease.Policy{FirstLine: 18, Targets: []targets.Target{targets.LinuxARM64}}
	_, faults, _ := noderelease.Inventory(policy, evidence, &noderelease.Lock{}, false)
	if got := texts(faults); !slices.Equal(got, unknown) {
		t.Errorf("got  %q\nwant %q", got, unknown)
	}
}

func TestFaultsOfLinesAndOfNPMComeInTheOrderOfTheVersions(t *testing.T) {
	packages := map[string]string{}
	var index []noderelease.IndexEntry
	lists := map[string]noderelease.List{}
	var missing, lineless []string
	for i := 10; i < 30; i++ {
		version, npm := fmt.Sprintf("24.%d.0", i), fmt.Sprintf("11.%d.0", i)
		packages[version] = strings.Repeat("a", 128)
		index = append(index, noderelease.IndexEntry{Version: semver.MustParse(version), Date: "2025-01-01", NPM: npm})
		lists[version] = noderelease.List{Sums: map[string]string{}}
		missing = append(missing, "npm "+npm+": node "+version+" ships it, but the npm registry does not have it")
		lineless = append(lineless, "node "+version+": the schedule has no line v24")
	}
	slices.Reverse(index) // newest first, as upstream has it
	evidence := noderelease.Evidence{Index: index, Lists: lists, Packages: map[targets.Target]map[string]string{targets.LinuxARM64: packages}}
	policy := noderelease.Policy{FirstLine: 18, Targets: []targets.Target{targets.LinuxARM64}}

	_, faults, _ := noderelease.Inventory(policy, evidence, &noderelease.Lock{}, false)
	if got := texts(faults); !slices.Equal(got, lineless) {
		t.Errorf("without a schedule: got  %q\nwant %q", got, lineless)
	}
	evidence.Schedule = []noderelease.Line{{Line: 24}}
	_, faults, _ = noderelease.Inventory(policy, evidence, &noderelease.Lock{}, false)
	if got := texts(faults); !slices.Equal(got, missing) {
		t.Errorf("without npm: got  %q\nwant %q", got, missing)
	}
}

// Of several things that are wrong the same one is named every time.
func TestTheFirstErrorOfADocumentIsNamed(t *testing.T) {
	for range 20 {
		_, err := noderelease.ParseSchedule([]byte(`{"v30":{"start":"soon","end":"late"},"v22":{"start":"2024-01-01","end":"never"},"v24":{"start":"now"}}`))
		if err == nil || !strings.HasPrefix(err.Error(), "v22: end: ") {
			t.Fatalf("schedule: got %v", err)
		}
		_, err = noderelease.ParsePackument([]byte(`{"name":"npm","versions":{"3.0.0":{"dist":{"integrity":"sha512-?"}},"1.0.0":{"dist":{"integrity":"sha512-?"}}}}`), "npm")
		if err == nil || !strings.HasPrefix(err.Error(), "npm@1.0.0: ") {
			t.Fatalf("package document: got %v", err)
		}
	}
}
