//go:build linux

package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/tools/bench/internal/report"
)

//go:generate go test -run ^TestTheDocumentIsUpToDate$ . -update

var update = flag.Bool("update", false, "write docs/benchmarks.md and its plot")

const docs = "../../docs"

// What lies between the markers, and the plot, are what the history says.
func TestTheDocumentIsUpToDate(t *testing.T) {
	if *update {
		if err := render(docs); err != nil {
			t.Fatal(err)
		}
		return
	}
	files, err := report.Render(docs)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(docs, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what the history says: run go generate ./tools/bench", name)
		}
	}
}
