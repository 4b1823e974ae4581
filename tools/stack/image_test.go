package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The day on which an image is put together would give the same packages
// another digest every day.
func TestReleasedIsTheDayOfTheNewestPackage(t *testing.T) {
	at := func(text string) deb {
		made, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return deb{made: made}
	}
	got := released([]deb{at("2025-05-19T10:00:00Z"), at("2026-11-24T23:30:00-02:00"), at("2024-07-07T00:00:00Z")})
	if want := "2026-11-25"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLabelsStayBelowWhatContainerdTakes(t *testing.T) {
	for _, tc := range []struct {
		kind     kind
		packages int
		listed   bool
	}{{runKind, 18, true}, {tinyKind, 9, true}, {buildKind, 153, false}} {
		var packages []deb
		for i := range tc.packages {
			packages = append(packages, deb{name: fmt.Sprintf("libpackage%d", i), version: "1:2.41-12+deb13u2"})
		}
		all, err := labels(tc.kind, "13.8", packages)
		if err != nil {
			t.Fatal(err)
		}
		if _, listed := all[packagesLabel]; listed != tc.listed {
			t.Errorf("%s: the packages are listed: got %v, want %v", tc.kind.name, listed, tc.listed)
		}
		for name, value := range all {
			if len(name)+len(value) > 4096 {
				t.Errorf("%s: the label %s has %d bytes", tc.kind.name, name, len(name)+len(value))
			}
		}
		if rebasable := all["io.buildpacks.rebasable"] == "true"; rebasable != tc.kind.isRun() {
			t.Errorf("%s: rebasable: got %v", tc.kind.name, rebasable)
		}
	}
	long := runKind
	long.description = strings.Repeat("x", 4096)
	if _, err := labels(long, "13.8", nil); err == nil || !strings.Contains(err.Error(), "io.buildpacks.base.description") {
		t.Errorf("a description of 4096 bytes: got %v", err)
	}
}
