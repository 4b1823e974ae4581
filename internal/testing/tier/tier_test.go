package tier_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/armature-cnb/armature/internal/testing/tier"
)

// recorder is a test that notes how it ends.
type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(string, ...any) {
	r.skipped = true
	runtime.Goexit()
}

func (r *recorder) Fatalf(string, ...any) {
	r.failed = true
	runtime.Goexit()
}

// outcome says what came of a test.
func outcome(test func(testing.TB)) (skipped, failed bool) {
	r, done := &recorder{}, make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	return r.skipped, r.failed
}

func TestSandboxesAreMadeWhenTheyAreAskedFor(t *testing.T) {
	for asked, skips := range map[string]bool{"": true, "some": true, tier.Sandboxes: false, tier.All: false} {
		t.Setenv(tier.Variable, asked)
		if skipped, failed := outcome(tier.Sandbox); skipped != skips || failed {
			t.Errorf("%q: skipped %v, failed %v; want %v, false", asked, skipped, failed, skips)
		}
		if skipped, _ := outcome(func(inner testing.TB) { tier.Beyond(inner, "npm") }); skipped != (asked != tier.All) {
			t.Errorf("%q: npm: skipped %v", asked, skipped)
		}
	}
}

func TestWhatTakesMoreRunsWhenEverythingIsAskedFor(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/there", []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	for _, tc := range []struct {
		name, asked, program string
		skipped, failed      bool
	}{
		{"nothing is asked for", "", "there", true, false},
		{"something else is", "some", "there", true, false},
		{"all, and it is there", "all", "there", false, false},
		{"all, and it is not", "all", "not-there", false, true},
	} {
		t.Setenv(tier.Variable, tc.asked)
		skipped, failed := outcome(func(inner testing.TB) { tier.Program(inner, tc.program) })
		if skipped != tc.skipped || failed != tc.failed {
			t.Errorf("%s: skipped %v, failed %v; want %v, %v", tc.name, skipped, failed, tc.skipped, tc.failed)
		}
	}
}
