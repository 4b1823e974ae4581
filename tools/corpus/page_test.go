package main

import (
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/files/wholefile"
)

var update = flag.Bool("update", false, "write docs/corpus.md")

// Files of the repository.
const (
	recordFile = "../../docs/corpus.json"
	document   = "../../docs/corpus.md"
)

func TestTheDocumentIsUpToDate(t *testing.T) {
	results, err := readRecord(recordFile)
	if err != nil {
		t.Fatal(err)
	}
	apps, err := chosen("")
	if err != nil {
		t.Fatal(err)
	}
	want := page(results, apps)
	if *update {
		if err := wholefile.WriteBytes(document, []byte(want)); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(document); err != nil || string(got) != want {
		t.Errorf("%s is out of date, %v: go generate ./tools/corpus writes it", document, err)
	}
}

// What is on record was seen with the rows as they are now.
func TestTheRecordIsThatOfTheTable(t *testing.T) {
	results, err := readRecord(recordFile)
	if err != nil {
		t.Fatal(err)
	}
	apps, err := chosen("")
	if err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		t.Fatal("there are no results")
	}
	for _, r := range results {
		i := slices.IndexFunc(apps, func(a app) bool { return a.Name == r.Name })
		if i < 0 {
			t.Errorf("%s is on record, and in no row of apps.toml", r.Name)
			continue
		}
		if got, want := r.expectation(), newResult(apps[i], 0).expectation(); got != want {
			t.Errorf("the row of %s has changed since it was built: got %q, want %q. make corpus APPS=%s builds it again", r.Name, got, want, r.Name)
		}
		if len(r.Sizes) != len(targets.All()) {
			t.Errorf("%s is on record for %v, want all of %v", r.Name, r.Sizes, targets.All())
		}
	}
}
