package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// IndexEntry is one release in nodejs.org/dist/index.json.
type IndexEntry struct {
	Version *semver.Version
	Date    string   // "2026-08-05"; the day of publication, not always that of the signature
	Files   []string // "linux-arm64", "linux-x64", "src", …
	NPM     string   // version of the npm inside, "11.19.0"
}

// ParseIndex reads nodejs.org/dist/index.json and returns the releases of the
// lines from first on, in the file's order. A duplicate version, one that is no
// release version, or one without npm or date is an error, since it would cause
// wrong installs later.
func ParseIndex(text []byte, first int) ([]IndexEntry, error) {
	var file []struct {
		Version string   `json:"version"`
		Date    string   `json:"date"`
		Files   []string `json:"files"`
		NPM     string   `json:"npm"`
	}
	if err := decodeJSON(text, &file); err != nil {
		return nil, err
	}
	var entries []IndexEntry
	seen := map[string]bool{}
	for _, f := range file {
		bare, found := strings.CutPrefix(f.Version, "v")
		v, err := semver.StrictNewVersion(bare)
		if err != nil || !found || v.Prerelease() != "" || v.Metadata() != "" {
			return nil, fmt.Errorf("version: got %q, want one such as \"v24.19.0\"", f.Version)
		}
		if int(v.Major()) < first {
			continue
		}
		if seen[f.Version] {
			return nil, fmt.Errorf("%s is there twice", f.Version)
		}
		seen[f.Version] = true
		if err := checkDate(f.Date); err != nil {
			return nil, fmt.Errorf("%s: date: %w", f.Version, err)
		}
		if _, err := semver.StrictNewVersion(f.NPM); err != nil {
			return nil, fmt.Errorf("%s: npm: got %q, want a version such as \"11.16.0\"", f.Version, f.NPM)
		}
		entries = append(entries, IndexEntry{Version: v, Date: f.Date, Files: f.Files, NPM: f.NPM})
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("no release of line %d or newer among %d", first, len(file))
	}
	return entries, nil
}

// Line is one release line of Node.js.
type Line struct {
	Line      int    `json:"line"`               // 24
	Codename  string `json:"codename,omitempty"` // as the schedule writes it, "Krypton"; "" when it has none (yet)
	Start     string `json:"start"`              // first release; dates are "2026-04-30"
	LTS       string `json:"lts,omitempty"`      // the day it becomes LTS; "" when never
	EndOfLife string `json:"end-of-life"`
}

// ParseSchedule reads the schedule.json of the Node.js release team: the
// release lines, newest first.
func ParseSchedule(text []byte) ([]Line, error) {
	var file map[string]struct {
		Start    string `json:"start"`
		LTS      string `json:"lts"`
		End      string `json:"end"`
		Codename string `json:"codename"`
	}
	if err := decodeJSON(text, &file); err != nil {
		return nil, err
	}
	var lines []Line
	for _, name := range slices.Sorted(maps.Keys(file)) {
		f := file[name]
		number, err := strconv.Atoi(strings.TrimPrefix(name, "v"))
		if err != nil || number < 1 {
			if strings.HasPrefix(name, "v0.") {
				continue // the lines' names until 2015
			}
			return nil, fmt.Errorf("line: got %q, want one such as \"v24\"", name)
		}
		for _, date := range []struct{ what, text string }{{"start", f.Start}, {"lts", f.LTS}, {"end", f.End}} {
			if date.what == "lts" && date.text == "" {
				continue
			}
			if err := checkDate(date.text); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", name, date.what, err)
			}
		}
		lines = append(lines, Line{Line: number, Codename: f.Codename, Start: f.Start, LTS: f.LTS, EndOfLife: f.End})
	}
	slices.SortFunc(lines, func(a, b Line) int { return b.Line - a.Line })
	return lines, nil
}

// ParseSums reads a SHASUMS256.txt: file name → sha256 in lower-case hex. Lines
// are "<64 hex digits> <name>" or "… *<name>" as sha256sum writes them.
// Anything else, an empty list and a duplicate name are errors.
func ParseSums(text []byte) (map[string]string, error) {
	sums := map[string]string{}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		if len(line) < 67 || !isHex(line[:64], 64) || (line[64:66] != "  " && line[64:66] != " *") {
			return nil, fmt.Errorf("line %d: got %.80q, want 64 hex digits, two spaces and a file name", i+1, line)
		}
		sum, name := strings.ToLower(line[:64]), line[66:]
		if strings.TrimSpace(name) != name {
			return nil, fmt.Errorf("line %d: got a file name with spaces around it, %.80q", i+1, name)
		}
		if _, twice := sums[name]; twice {
			return nil, fmt.Errorf("line %d: %.80q is there twice", i+1, name)
		}
		sums[name] = sum
	}
	if len(sums) == 0 {
		return nil, fmt.Errorf("got no line, want a list of checksums")
	}
	return sums, nil
}

// ParsePackument parses an npm registry's package document: version → sha512 in
// lower-case hex, for every version that is no prerelease. It omits versions
// without a sha512 (published before 2017), which cannot be pinned.
func ParsePackument(text []byte, name string) (map[string]string, error) {
	var file struct {
		Name     string `json:"name"`
		Versions map[string]struct {
			Dist struct {
				Integrity string `json:"integrity"`
			} `json:"dist"`
		} `json:"versions"`
	}
	if err := decodeJSON(text, &file); err != nil {
		return nil, err
	}
	if file.Name != name {
		return nil, fmt.Errorf("got the document of %q, want that of %q", file.Name, name)
	}
	pins := map[string]string{}
	for _, version := range slices.Sorted(maps.Keys(file.Versions)) {
		v := file.Versions[version]
		parsed, err := semver.StrictNewVersion(version)
		if err != nil || parsed.Prerelease() != "" || parsed.Metadata() != "" {
			continue
		}
		sum, err := sha512Hex(v.Dist.Integrity)
		if err != nil {
			return nil, fmt.Errorf("%s@%s: %w", name, version, err)
		}
		if sum != "" {
			pins[version] = sum
		}
	}
	if len(pins) == 0 {
		return nil, fmt.Errorf("no version of %s with a sha512 among %d", name, len(file.Versions))
	}
	return pins, nil
}

// sha512Hex returns the sha512 of a subresource integrity string
// ("sha512-<base64>", several separated by spaces), or "".
func sha512Hex(integrity string) (string, error) {
	for _, one := range strings.Fields(integrity) {
		encoded, found := strings.CutPrefix(one, "sha512-")
		if !found {
			continue
		}
		sum, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(sum) != 64 {
			return "", fmt.Errorf("integrity: got %q, want sha512- and 64 bytes in base64", one)
		}
		return hex.EncodeToString(sum), nil
	}
	return "", nil
}

// decodeJSON decodes JSON. For a text that is no JSON, its error quotes the
// text, usually an error page with status 200.
func decodeJSON(text []byte, into any) error {
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w; it begins with %.60q", err, bytes.TrimSpace(text))
	}
	return nil
}

func checkDate(s string) error {
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return fmt.Errorf("got %q, want one such as \"2026-04-30\"", s)
	}
	return nil
}
