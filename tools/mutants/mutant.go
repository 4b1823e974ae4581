package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mutant is one change of one file: text replaces the bytes between two
// offsets.
type mutant struct {
	folder   string // of the package
	file     string
	line     int
	from, to int
	was, is  string
}

func (m mutant) String() string {
	return fmt.Sprintf("  not noticed: %s:%d: %s in place of %s", m.file, m.line, short(m.is), short(m.was))
}

func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 60 {
		text = text[:57] + "..."
	}
	if text == "" {
		return "nothing"
	}
	return "`" + text + "`"
}

// verdict is the outcome of a change.
type verdict int

const (
	unnoticed verdict = iota
	noticed
	tookTooLong
	doesNotCompile
)

// try makes the change in an overlay, and runs the package's tests with it.
func (m mutant) try(ctx context.Context, tests *suite) (verdict, error) {
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	text, err := os.ReadFile(m.file)
	if err != nil {
		return 0, err
	}
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(changed, []byte(string(text[:m.from])+m.is+string(text[m.to:])), 0o644); err != nil {
		return 0, err
	}
	absolute, err := filepath.Abs(m.file)
	if err != nil {
		return 0, err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {absolute: changed}})
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(overlay, list, 0o644); err != nil {
		return 0, err
	}
	o, err := tests.run(ctx, overlay)
	return o.verdict, err
}
