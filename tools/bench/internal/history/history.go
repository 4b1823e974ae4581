// Package history stores results of the benchmark: one JSON object per line,
// the newest last.
package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/tools/bench/internal/machine"
)

// Run is one run of the benchmark.
type Run struct {
	Date    string        `json:"date"`              // when it began, UTC, RFC 3339
	Commit  string        `json:"commit"`            // of the checkout
	Changed bool          `json:"changed,omitempty"` // the checkout had uncommitted changes
	Version string        `json:"version"`           // of Node.js in the images
	Machine machine.Facts `json:"machine"`
	Apps    []App         `json:"apps,omitempty"`
	Results []Result      `json:"results"`
	Seconds float64       `json:"seconds"` // that the whole run took
}

// App is a generated app: another lockfile is another app.
type App struct {
	Name     string `json:"name"`
	Packages int    `json:"packages"` // in the lockfile, for all platforms
	Lockfile string `json:"lockfile"` // its SHA-256
}

// Result has the measurements of one way of a scenario.
type Result struct {
	Scenario string    `json:"scenario"`
	Way      string    `json:"way"`
	Unit     Unit      `json:"unit"`
	Samples  []float64 `json:"samples,omitempty"` // in the order they were taken
	Parts    []Part    `json:"parts,omitempty"`   // what the value consists of, in order
	Failed   string    `json:"failed,omitempty"`  // why there are no (further) samples
}

// Unit is the unit of a result's values.
type Unit string

// The units there are.
const (
	Seconds Unit = "s"
	Bytes   Unit = "B"
)

// Part is a part of a result's value: a phase, or a layer. For several samples
// it is the median.
type Part struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"` // in the result's unit
}

// Find returns the result of a way, and whether it has any samples.
func (r *Run) Find(scenario, way string) (Result, bool) {
	at := slices.IndexFunc(r.Results, func(one Result) bool { return one.Scenario == scenario && one.Way == way })
	if at < 0 {
		return Result{}, false
	}
	return r.Results[at], len(r.Results[at].Samples) > 0
}

// Read reads all runs of a file, the oldest first. A missing file has none.
func Read(path string) ([]Run, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var runs []Run
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var run Run
		if err := json.Unmarshal(lines.Bytes(), &run); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, number, err)
		}
		runs = append(runs, run)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return runs, nil
}

// Append appends a run to a file, which it creates if needed.
func Append(path string, run Run) error {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	line, err := json.Marshal(run)
	if err != nil {
		return err
	}
	return wholefile.WriteBytes(path, append(append(content, line...), '\n'))
}
