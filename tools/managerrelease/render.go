package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
)

// The lines around the part of the document that is made from the table.
const (
	begin = "<!-- Made by tools/managerrelease from the table of releases. -->\n"
	end   = "<!-- The end of what tools/managerrelease makes. -->\n"
)

// render writes the part of the document, or compares it.
func render(path string, table managerreleases.Table, check bool) error {
	was, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(was, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return fmt.Errorf("%s: want the lines %q and %q around what is made", path, begin, end)
	}
	want := slices.Concat(before, []byte(begin), Rows(table), []byte(end), after)
	switch {
	case bytes.Equal(was, want):
		return nil
	case check:
		return fmt.Errorf("%s is stale: run go generate ./internal/node/managerreleases", path)
	}
	return wholefile.WriteBytes(path, want)
}

// Rows returns a Markdown table with a row for each line of releases.
func Rows(table managerreleases.Table) []byte {
	type line struct {
		manager string
		major   uint64
	}
	var b bytes.Buffer
	b.WriteString("| manager | line | newest | versions | Node.js |\n|---|---|---|---|---|\n")
	for _, manager := range slices.Sorted(maps.Keys(managerreleases.Oldest)) {
		newest, count := map[line]managerreleases.Release{}, map[line]int{}
		var lines []line
		for _, release := range table {
			if release.Manager != manager || !release.IsComplete() {
				continue
			}
			l := line{manager, release.Version.Major()}
			if count[l]++; count[l] == 1 {
				newest[l], lines = release, append(lines, l)
			}
		}
		for _, l := range lines {
			node := newest[l].Node
			if node == "" {
				node = "any"
			}
			fmt.Fprintf(&b, "| %s | %d | %s | %d | %s |\n", l.manager, l.major, newest[l].Version, count[l], escaped(node))
		}
	}
	return b.Bytes()
}

// escaped returns a text for a cell.
func escaped(text string) []byte { return bytes.ReplaceAll([]byte(text), []byte("|"), []byte(`\|`)) }
