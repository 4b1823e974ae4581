package main

import (
	_ "embed"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

//go:embed policy.toml
var defaultPolicy []byte

//go:embed keys.toml
var defaultKeys []byte

// Policy selects the offered releases. It is hand-written, in policy.toml.
type Policy struct {
	FirstLine   int // the oldest release line, 18
	DefaultLine int // the line for an app without a request, 24
	Targets     []targets.Target
	Archive     string            // the archive form, as nodejs.org's file names end: "tar.gz"
	Unsigned    map[string]string // version ("24.21.0") → why it has no signed list
}

// Signer is a person with a trusted key.
type Signer struct {
	Fingerprint string // of the primary key, 40 upper-case hex digits
	Owner       string
	Retired     bool
	Until       time.Time // retired keys: signatures made from this moment on are invalid
}

// ParsePolicy reads policy.toml. Unknown keys are errors, so that a misspelt
// one is not ignored.
func ParsePolicy(text []byte) (Policy, error) {
	var file struct {
		FirstLine   int      `toml:"first-line"`
		DefaultLine int      `toml:"default-line"`
		Targets     []string `toml:"targets"`
		Archive     string   `toml:"archive"`
		Unsigned    []struct {
			Version string `toml:"version"`
			Why     string `toml:"why"`
		} `toml:"unsigned"`
	}
	if err := decodeStrictly(text, &file); err != nil {
		return Policy{}, fmt.Errorf("reading the policy: %w", err)
	}
	p := Policy{FirstLine: file.FirstLine, DefaultLine: file.DefaultLine, Archive: file.Archive, Unsigned: map[string]string{}}
	for _, name := range file.Targets {
		t, err := targets.Parse(name)
		if err != nil {
			return Policy{}, fmt.Errorf("reading the policy: %w", err)
		}
		p.Targets = append(p.Targets, t)
	}
	for _, u := range file.Unsigned {
		if _, err := semver.StrictNewVersion(u.Version); err != nil {
			return Policy{}, fmt.Errorf("reading the policy: unsigned version: got %q, want one such as \"24.21.0\"", u.Version)
		}
		if u.Why == "" {
			return Policy{}, fmt.Errorf("reading the policy: unsigned version %s: why is missing", u.Version)
		}
		p.Unsigned[u.Version] = u.Why
	}
	return p, p.validate()
}

func (p Policy) validate() error {
	switch {
	case p.FirstLine < 1:
		return fmt.Errorf("reading the policy: first-line: got %d, want a release line such as 18", p.FirstLine)
	case p.DefaultLine < p.FirstLine:
		return fmt.Errorf("reading the policy: default-line: got %d, want %d or newer", p.DefaultLine, p.FirstLine)
	case len(p.Targets) == 0:
		return fmt.Errorf("reading the policy: targets: got none, want %v", targets.All())
	case p.Archive != "tar.gz" && p.Archive != "tar.xz":
		return fmt.Errorf("reading the policy: archive: got %q, want tar.gz or tar.xz", p.Archive)
	}
	return nil
}

// ParseSigners reads keys.toml.
func ParseSigners(text []byte) ([]Signer, error) {
	var file struct {
		Keys []struct {
			Fingerprint string    `toml:"fingerprint"`
			Owner       string    `toml:"owner"`
			Status      string    `toml:"status"`
			Until       time.Time `toml:"until"`
		} `toml:"keys"`
	}
	if err := decodeStrictly(text, &file); err != nil {
		return nil, fmt.Errorf("reading the release keys: %w", err)
	}
	var signers []Signer
	seen := map[string]bool{}
	for _, k := range file.Keys {
		s := Signer{Fingerprint: k.Fingerprint, Owner: k.Owner, Retired: k.Status == "retired"}
		switch {
		case !isHex(k.Fingerprint, 40) || k.Fingerprint != strings.ToUpper(k.Fingerprint):
			return nil, fmt.Errorf("reading the release keys: fingerprint: got %q, want 40 upper-case hex digits", k.Fingerprint)
		case seen[k.Fingerprint]:
			return nil, fmt.Errorf("reading the release keys: %s is there twice", k.Fingerprint)
		case k.Owner == "":
			return nil, fmt.Errorf("reading the release keys: %s has no owner", k.Fingerprint)
		case k.Status != "active" && k.Status != "retired":
			return nil, fmt.Errorf("reading the release keys: %s: status: got %q, want active or retired", k.Fingerprint, k.Status)
		case s.Retired == k.Until.IsZero():
			return nil, fmt.Errorf("reading the release keys: %s: a retired key, and only that, has a date `until`", k.Fingerprint)
		}
		if s.Retired {
			// The TOML library reads a date in the local time zone; the policy
			// means UTC.
			y, m, d := k.Until.Date()
			s.Until = time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
		}
		seen[k.Fingerprint] = true
		signers = append(signers, s)
	}
	return signers, nil
}

// fileOr returns the file's content, or the fallback if path is "".
func fileOr(path string, fallback []byte) ([]byte, error) {
	if path == "" {
		return fallback, nil
	}
	return os.ReadFile(path)
}

func decodeStrictly(text []byte, into any) error {
	meta, err := toml.Decode(string(text), into)
	if err != nil {
		return err
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return fmt.Errorf("unknown key %q", extra[0].String())
	}
	return nil
}

// isHex reports whether s is n hex digits, of either case.
func isHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
