package apt

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/failure"
)

// System says where the build image has its archive, and the keys of Debian's.
type System struct {
	List    string // sources.list(5)
	Keyring string
}

// BuildImage is Armature's.
var BuildImage = System{List: "/etc/apt/sources.list", Keyring: "/usr/share/keyrings/debian-archive-keyring.pgp"}

// SourcesVariable names archives in place of the build image's; BindingType is the
// type of bindings that name further ones.
const (
	SourcesVariable = "BP_APT_SOURCES"
	BindingType     = "apt-sources"
)

// listEntry is a binding's entry with the lines of archives.
const listEntry = "sources.list"

// Source is a line of sources.list(5).
type Source struct {
	URI     string
	Suite   string
	Parts   []string // its components; none for a suite that is a path ("./")
	Keyring string   // path of a file with the keys that sign it
	Lasting bool     // the archive never changes again, so that its date does not matter
}

func (s Source) line() string {
	options := "signed-by=" + s.Keyring
	if s.Lasting {
		options += " check-valid-until=no"
	}
	return strings.Join(append([]string{"deb", "[" + options + "]", s.URI, s.Suite}, s.Parts...), " ")
}

// Place is the source for people, without a password.
func (s Source) Place() string {
	uri := s.URI
	if parsed, err := url.Parse(s.URI); err == nil {
		uri = parsed.Redacted()
	}
	return uri + " " + s.Suite
}

// Sources returns the build image's archive.
func (s System) Sources() ([]Source, error) {
	text, err := os.ReadFile(s.List)
	if os.IsNotExist(err) {
		return nil, unsupportedBuilder(s.List)
	}
	if err != nil {
		return nil, fmt.Errorf("reading where Debian's archive is: %w", err)
	}
	return parseSources(string(text), s.List, s.Keyring, true)
}

// OfSetting returns the archives of [SourcesVariable], which Debian's keys
// sign: lines of sources.list(5), with line breaks or semicolons between.
func (s System) OfSetting(text string) ([]Source, error) {
	return parseSources(strings.ReplaceAll(text, ";", "\n"), SourcesVariable, s.Keyring, false)
}

// OfBindings returns the archives of bindings. A binding has an entry
// "sources.list", and the keys in entries that end with .asc, .gpg or .pgp, which
// are copied into dir; without any Debian's keys sign its archives.
func (s System) OfBindings(bindings []servicebindings.Binding, dir string) (all []Source, err error) {
	for i, binding := range bindings {
		if !strings.EqualFold(binding.Type, BindingType) {
			continue
		}
		entry, ok := binding.Entries[listEntry]
		if !ok {
			return nil, invalid("the binding "+binding.Name, "no entry "+listEntry)
		}
		text, err := entry.ReadString()
		if err != nil {
			return nil, err
		}
		keyring, err := s.writeKeyring(binding, filepath.Join(dir, fmt.Sprintf("binding-%d", i)))
		if err != nil {
			return nil, err
		}
		found, err := parseSources(text, "the binding "+binding.Name, keyring, false)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// writeKeyring copies a binding's keys to path, with an extension that tells apt
// the format, and returns that path.
func (s System) writeKeyring(binding servicebindings.Binding, path string) (string, error) {
	found := ""
	for name, entry := range binding.Entries {
		switch filepath.Ext(name) {
		case ".asc", ".gpg", ".pgp":
		default:
			continue
		}
		if found != "" {
			return "", invalid("the binding "+binding.Name, "two files of keys")
		}
		text, err := entry.ReadBytes()
		if err != nil {
			return "", err
		}
		found = path + ".pgp"
		if bytes.Contains(text, []byte("-----BEGIN PGP")) {
			found = path + ".asc"
		}
		if err := os.WriteFile(found, text, 0o644); err != nil {
			return "", err
		}
	}
	if found == "" {
		return s.Keyring, nil
	}
	return found, nil
}

// parseSources parses lines of sources.list(5). Only lines of the build image may
// name their keyring: a user's cannot take the check of signatures away.
func parseSources(text, where, keyring string, system bool) ([]Source, error) {
	var all []Source
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		one, ok := parseSource(line, keyring, system)
		if !ok {
			return nil, invalid(where, fmt.Sprintf("%q", line))
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, invalid(where, "no line")
	}
	return all, nil
}

func parseSource(line, keyring string, system bool) (s Source, ok bool) {
	rest, isBinary := strings.CutPrefix(line, "deb ")
	if !isBinary {
		return s, false
	}
	s.Keyring = keyring
	if options, after, some := strings.Cut(strings.TrimSpace(rest), "]"); some && strings.HasPrefix(options, "[") {
		for _, option := range strings.Fields(options[1:]) {
			switch {
			case option == "check-valid-until=no":
				s.Lasting = true
			case system && option == "signed-by="+keyring:
			default:
				return s, false
			}
		}
		rest = after
	}
	fields := strings.Fields(rest)
	if len(fields) < 2 || len(fields) < 3 && !strings.HasSuffix(fields[1], "/") || strings.ContainsAny(rest, "[]\"'\\") {
		return s, false
	}
	s.URI, s.Suite, s.Parts = fields[0], fields[1], fields[2:]
	parsed, err := url.Parse(s.URI)
	return s, err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != ""
}

func invalid(where, got string) error {
	return &failure.Failure{
		ID:    "apt-sources-invalid",
		Cause: fmt.Sprintf("%s has %s, want lines like: deb https://mirror.example.com/debian trixie main", where, got),
		Remedy: "write lines of one archive each, of type deb, with http or https, a suite and components. The one option is [check-valid-until=no], for snapshots. " +
			"Keys of an archive other than Debian's are an entry of a binding of the type apt-sources that ends with .asc, .gpg or .pgp, beside its entry sources.list.",
	}
}

func unsupportedBuilder(missing string) error {
	return &failure.Failure{
		ID:     "apt-missing",
		Cause:  "system packages are asked for, and the build image has no " + missing,
		Remedy: "build with Armature's builder: its build image has apt, and Debian's archive and keys.",
	}
}
