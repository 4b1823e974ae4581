package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/Masterminds/semver/v3"
)

// How a release's checksums were verified.
const (
	// ByOpenPGP: the list of checksums has a releaser's good signature.
	ByOpenPGP = "openpgp"
	// ByRegistry: only the npm registry's answer, trusted on first use and
	// pinned since.
	ByRegistry = "npm-registry"
)

// The source of the version of a release's npm.
const (
	// NPMByIndex: the release index says so.
	NPMByIndex = "index"
	// NPMByLine: the release is not in the index; it gets the npm of the next
	// lower version of its line that is.
	NPMByLine = "line"
)

// Lock is the lock file: the facts of every offered release. Its content does
// not depend on when it was written, or on the server that the facts came from.
type Lock struct {
	Comment  string    `json:"comment"`
	Lines    []Line    `json:"lines"`    // newest first; lines with a release, and older LTS lines for their names
	NPM      []NPM     `json:"npm"`      // newest first
	Releases []Release `json:"releases"` // newest first
}

// NPM is one version of the npm package named npm.
type NPM struct {
	Version string `json:"version"`
	SHA512  string `json:"sha512"` // of the package, hex
}

// Release is one version of Node.js.
type Release struct {
	Version  string    `json:"version"`        // "24.19.0"
	Date     string    `json:"date,omitempty"` // from the index; "" when not in it
	NPM      string    `json:"npm"`            // version of the npm it ships, "11.16.0"
	NPMFrom  string    `json:"npm-from"`       // NPMByIndex or NPMByLine
	Verified string    `json:"verified"`       // ByOpenPGP or ByRegistry
	SignedBy string    `json:"signed-by,omitempty"`
	SignedAt string    `json:"signed-at,omitempty"` // RFC 3339, UTC
	Archives []Archive `json:"archives"`            // by target, in the policy's order
}

// Archive has the pins of a release for one target. It has at least one of the
// two sources.
type Archive struct {
	Target  string   `json:"target"`           // "linux/arm64"
	SHA256  string   `json:"sha256,omitempty"` // of nodejs.org's archive, hex; "" when no signed list has it
	Package string   `json:"package,omitempty"`
	SHA512  string   `json:"sha512,omitempty"` // of the npm package, hex
	ELF     *Program `json:"elf,omitempty"`    // requirements of bin/node; nil if unknown
}

func (r Release) semver() *semver.Version { return semver.MustParse(r.Version) }

func (r Release) line() int { return int(r.semver().Major()) }

// archive returns the pins for a target, or nil.
func (r *Release) archive(target string) *Archive {
	for i := range r.Archives {
		if r.Archives[i].Target == target {
			return &r.Archives[i]
		}
	}
	return nil
}

// release returns a version's entry, or nil.
func (l *Lock) release(version string) *Release {
	for i := range l.Releases {
		if l.Releases[i].Version == version {
			return &l.Releases[i]
		}
	}
	return nil
}

// ReadLock reads a lock file. A missing file is an empty lock.
func ReadLock(path string) (*Lock, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Lock{}, nil
	}
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	lock := &Lock{}
	if err := decoder.Decode(lock); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if err := lock.validate(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return lock, nil
}

// validate rejects errors that only manual edits can cause.
func (l *Lock) validate() error {
	for _, n := range l.NPM {
		if _, err := semver.StrictNewVersion(n.Version); err != nil || !isHex(n.SHA512, 128) {
			return fmt.Errorf("npm %q: want a version and 128 hex digits", n.Version)
		}
	}
	for _, r := range l.Releases {
		if _, err := semver.StrictNewVersion(r.Version); err != nil {
			return fmt.Errorf("release %q: %w", r.Version, err)
		}
		if _, err := semver.StrictNewVersion(r.NPM); err != nil {
			return fmt.Errorf("release %s: npm %q: %w", r.Version, r.NPM, err)
		}
		if !slices.ContainsFunc(l.Lines, func(line Line) bool { return line.Line == r.line() }) {
			return fmt.Errorf("release %s: its line is not among the lines", r.Version)
		}
		for _, a := range r.Archives {
			if err := r.validateArchive(a); err != nil {
				return fmt.Errorf("release %s for %s: %w", r.Version, a.Target, err)
			}
		}
	}
	return nil
}

func (r Release) validateArchive(a Archive) error {
	switch {
	case a.SHA256 == "" && a.SHA512 == "":
		return errors.New("got no checksum, want one or two")
	case a.SHA256 != "" && !isHex(a.SHA256, 64):
		return fmt.Errorf("sha256: got %q, want 64 hex digits", a.SHA256)
	case a.SHA512 != "" && !isHex(a.SHA512, 128):
		return fmt.Errorf("sha512: got %q, want 128 hex digits", a.SHA512)
	case (a.SHA512 == "") != (a.Package == ""):
		return errors.New("a package and its sha512 come together")
	case a.SHA256 != "" && r.Verified != ByOpenPGP:
		return fmt.Errorf("got a sha256, but the release is verified by %q", r.Verified)
	}
	return nil
}

// Encode returns the lock file's text, sorted and deterministic.
func (l *Lock) Encode() ([]byte, error) {
	l.Comment = "Code generated by tools/noderelease -update; DO NOT EDIT."
	l.sort()
	text, err := json.MarshalIndent(l, "", "  ")
	return append(text, '\n'), err
}

func (l *Lock) sort() {
	slices.SortFunc(l.Lines, func(a, b Line) int { return b.Line - a.Line })
	slices.SortFunc(l.NPM, func(a, b NPM) int {
		return semver.MustParse(b.Version).Compare(semver.MustParse(a.Version))
	})
	slices.SortFunc(l.Releases, func(a, b Release) int { return b.semver().Compare(a.semver()) })
}
