// Package versionfile reads a project's requested Node.js version from its
// files: .nvmrc, .node-version, package.json (volta and devEngines), mise.toml
// and .tool-versions. It ignores engines, which the buildpack that installs
// packages reads.
package versionfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
	"github.com/armature-cnb/armature/internal/node/npmrange"
)

// The file of a request, which is the version-source of its plan entry.
const (
	Nvmrc        = ".nvmrc"
	NodeVersion  = ".node-version"
	Volta        = "package.json volta.node"
	DevEngines   = "package.json devEngines.runtime"
	Mise         = "mise.toml"
	HiddenMise   = ".mise.toml"
	ToolVersions = ".tool-versions"
)

// InvalidID is the id of the [failure.Failure] for a request that cannot be read.
const InvalidID = "node-version-invalid"

// Aliases resolves names of versions: "lts/*", "current".
type Aliases interface {
	// Alias returns the range for a name in lower case; false for an unknown
	// name.
	Alias(name string) (constraint string, known bool)
}

// Request is a version that a project requests.
type Request struct {
	Version string // a range; never empty
	Source  string // one of the constants
}

// source is one file: how to read its text, and how to parse it. Either returns
// "" if there is no request.
type source struct {
	name  string
	read  func(dir string) (string, error)
	parse func(text string, aliases Aliases) (string, error)
}

// sources has all files by precedence, highest first. Long-supported files come
// before newer ones, and a pin before a range.
var sources = []source{
	{Nvmrc, file(Nvmrc), ParseNvmrc},
	{NodeVersion, file(NodeVersion), ParseNodeVersion},
	{Volta, volta, parseVolta},
	{DevEngines, devEngines, parseDevEngines},
	{Mise, file(Mise), ParseMise},
	{HiddenMise, file(HiddenMise), ParseMise},
	{ToolVersions, file(ToolVersions), ParseToolVersions},
}

// Sources returns the names of all files by precedence, highest first.
func Sources() []string {
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = s.name
	}
	return names
}

// Find returns the requests of the files in dir by precedence, highest first.
// decided means that another source overrides all of them.
//
// An invalid file is an error, usually a [failure.Failure] with [InvalidID], if
// it would decide; otherwise Find only calls warn. It also calls warn for a
// request that is no version, like asdf's "system".
func Find(dir string, aliases Aliases, decided bool, warn func(source string, err error)) ([]Request, error) {
	var requests []Request
	for _, s := range sources {
		version, err := s.find(dir, aliases)
		if err != nil {
			var elsewhere *elsewhereError
			if !decided && !errors.As(err, &elsewhere) {
				return nil, err
			}
			warn(s.name, err)
			continue
		}
		if version != "" {
			requests = append(requests, Request{Version: version, Source: s.name})
			decided = true
		}
	}
	return requests, nil
}

func (s source) find(dir string, aliases Aliases) (string, error) {
	text, err := s.read(dir)
	if err != nil {
		return "", err
	}
	return s.parse(text, aliases)
}

// maxFileBytes is far above the size of a version file.
const maxFileBytes = 1 << 20

// file reads a file of the project, in UTF-8 or in UTF-16 with a byte order
// mark; a missing one is empty.
func file(name string) func(string) (string, error) {
	return func(dir string) (string, error) {
		text, err := regular.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		if err == nil && len(text) > maxFileBytes {
			err = fmt.Errorf("got %d bytes, want at most %d", len(text), maxFileBytes)
		}
		if err != nil {
			return "", unreadable(name, err)
		}
		decoded, err := textfile.Decode(text)
		if err == nil && bytes.IndexByte(decoded, 0) >= 0 {
			err = errors.New("the text has bytes that are 0, as UTF-16 without a byte order mark has")
		}
		if err != nil {
			return "", unreadable(name, err)
		}
		return string(decoded), nil
	}
}

func unreadable(name string, err error) error {
	return &failure.Failure{
		ID:     InvalidID,
		Cause:  fmt.Sprintf("%s cannot be read", name),
		Remedy: "let it be a text in UTF-8 with a version, or set BP_NODE_VERSION.",
		Err:    err,
	}
}

// elsewhereError is for a valid request that a build cannot meet: a Node.js on
// the developer's machine that is no release.
type elsewhereError struct{ source, text string }

func (e *elsewhereError) Error() string {
	return fmt.Sprintf("%s says %q, which is not a release of Node.js", e.source, e.text)
}

// constraint parses a version or a range, without one leading v.
func constraint(text string) (string, bool) {
	_, err := npmrange.Parse(npmrange.FromPaketo(text))
	return strings.TrimPrefix(text, "v"), err == nil
}

func invalid(source, got, want string) error {
	return &failure.Failure{
		ID:     InvalidID,
		Cause:  fmt.Sprintf("invalid version constraint specified in %s: %q", source, got),
		Remedy: fmt.Sprintf("write %s there, or set BP_NODE_VERSION.", want),
	}
}
