package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/files/wholefile"
)

// result is what was seen of an app: it was built, did what its plan said, and
// answered on each target.
type result struct {
	Name      string           `json:"name"`
	Manager   string           `json:"manager"` // NAME or NAME@VERSION
	Framework string           `json:"framework,omitempty"`
	Command   string           `json:"command,omitempty"` // of a server
	Root      string           `json:"root,omitempty"`    // of a static site
	Path      string           `json:"path"`
	Answer    string           `json:"answer"`  // a part of it
	Sizes     map[string]int64 `json:"sizes"`   // bytes of the image, compressed, by target
	Seconds   int              `json:"seconds"` // of the build for these targets
}

// newResult is the result of an app whose build took some time.
func newResult(a app, took time.Duration) result {
	return result{
		Name: a.Name, Manager: a.Manager, Framework: a.Framework, Command: a.Command, Root: a.Root, Path: a.Path, Answer: a.Answer,
		Sizes: map[string]int64{}, Seconds: int(took.Round(time.Second).Seconds()),
	}
}

// expectation is the part of a result that apps.toml has.
func (r result) expectation() [7]string {
	return [7]string{r.Name, r.Manager, r.Framework, r.Command, r.Root, r.Path, r.Answer}
}

func (r result) String() string {
	var sizes []string
	for _, target := range slices.Sorted(maps.Keys(r.Sizes)) {
		sizes = append(sizes, fmt.Sprintf("%s %s MB", target, megabytes(r.Sizes[target])))
	}
	return fmt.Sprintf("built in %d s, %s", r.Seconds, strings.Join(sizes, ", "))
}

// megabytes shows bytes as MB, with one decimal.
func megabytes(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/1e6) }

// readRecord reads a file of results; one that does not exist has none.
func readRecord(path string) (all []result, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return all, nil
}

// keep replaces or adds an app's result in a file, in the order of apps.toml. Results
// of apps that are there no more go.
func keep(path string, r result) error {
	old, err := readRecord(path)
	if err != nil {
		return err
	}
	apps, err := chosen("")
	if err != nil {
		return err
	}
	var all []result
	for _, a := range apps {
		i := slices.IndexFunc(old, func(o result) bool { return o.Name == a.Name })
		switch {
		case a.Name == r.Name:
			all = append(all, r)
		case i >= 0:
			all = append(all, old[i])
		}
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return wholefile.WriteBytes(path, append(text, '\n'))
}
