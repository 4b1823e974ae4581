package npmlock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// WithoutPackages returns the text of a lockfile of version 2 or 3 without the
// entries of some paths in packages. The rest stays as it is.
func WithoutPackages(text []byte, paths []string) ([]byte, error) {
	start, end, err := packagesIn(text)
	if err != nil {
		return nil, err
	}
	entries := json.NewDecoder(bytes.NewReader(text[start:end]))
	if brace, err := entries.Token(); err != nil || brace != json.Delim('{') {
		return nil, fmt.Errorf("packages is no object: %v, %w", brace, err)
	}
	var kept [][]byte
	for from := start + 1; entries.More(); from = start + int(entries.InputOffset()) {
		path, err := entries.Token()
		if err != nil {
			return nil, err
		}
		var entry json.RawMessage
		if err := entries.Decode(&entry); err != nil {
			return nil, err
		}
		if name, _ := path.(string); !slices.Contains(paths, name) {
			kept = append(kept, bytes.TrimLeft(text[from:start+int(entries.InputOffset())], ",")) // with its white space
		}
	}
	if len(kept) == 0 {
		return slices.Concat(text[:start], []byte("{}"), text[end:]), nil
	}
	tail := start + len(bytes.TrimRight(text[start:end-1], " \t\r\n"))
	return slices.Concat(text[:start], []byte("{"), bytes.Join(kept, []byte(",")), text[tail:]), nil
}

// packagesIn returns where the value of packages begins and ends.
func packagesIn(text []byte) (start, end int, err error) {
	fields := json.NewDecoder(bytes.NewReader(text))
	if _, err := fields.Token(); err != nil {
		return 0, 0, err
	}
	for fields.More() {
		name, err := fields.Token()
		if err != nil {
			return 0, 0, err
		}
		var value json.RawMessage
		if err := fields.Decode(&value); err != nil {
			return 0, 0, err
		}
		if end = int(fields.InputOffset()); name == "packages" {
			return end - len(value), end, nil
		}
	}
	return 0, 0, fmt.Errorf("the lockfile has no packages, want version 2 or 3")
}
