package memory

import (
	"errors"
	"maps"
	"os/exec"
	"slices"
	"testing"
)

func TestParseStat(t *testing.T) {
	pid, one, ok := parseStat("42 (a ) b (c) S 7 42 42 0\n")
	if !ok || pid != 42 || one != (process{name: "a ) b (c", parent: 7}) {
		t.Errorf("got %d, %+v, %v", pid, one, ok)
	}
	for _, bad := range []string{"", "42 name S 7", "x (name) S 7", "42 (name)"} {
		if _, _, ok := parseStat(bad); ok {
			t.Errorf("%q: got a process", bad)
		}
	}
}

func TestFamilyIsTheRootsAndTheirDescendants(t *testing.T) {
	all := map[int]process{1: {"init", 0}, 2: {"dockerd", 1}, 3: {"build", 2}, 4: {"npm", 3}, 5: {"other", 1}}
	got := slices.Sorted(maps.Keys(family(all, []int{2})))
	if !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("got %v, want 2, 3 and 4", got)
	}
}

func TestPSS(t *testing.T) {
	if got := pss([]byte("Rss: 9 kB\nPss:                 300 kB\nPss_Anon: 1 kB\n")); got != 300<<10 {
		t.Errorf("got %d, want %d", got, 300<<10)
	}
	if got := pss([]byte("Rss: 9 kB\n")); got != 0 {
		t.Errorf("no Pss: got %d", got)
	}
}

func TestPeakSeesWhatAChildUses(t *testing.T) {
	// dd takes its whole block into memory and holds it while it sleeps below.
	peak, err := Peak(t.Context(), Self, func() error {
		return exec.Command("sh", "-c", "dd if=/dev/zero bs=64M count=16 of=/dev/null 2>/dev/null").Run()
	})
	if err != nil {
		t.Fatal(err)
	}
	if peak < 60<<20 || peak > 300<<20 {
		t.Errorf("got %d bytes, want about 64 MiB", peak)
	}
	if _, err := Peak(t.Context(), Self, func() error { return errors.New("no build") }); err == nil {
		t.Error("what failed: got no error")
	}
}
