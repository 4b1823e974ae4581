// Package packagejson reads package.json into a value. It reads no
// environment and writes nothing.
//
// It validates only the fields that these buildpacks use for decisions; npm
// validates the rest (names and versions of dependencies).
package packagejson

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
)

// FileName is the name of the file in the project's folder.
const FileName = "package.json"

// InvalidID is the id of the [failure.Failure] for a file that cannot be
// decoded.
const InvalidID = "package-json-invalid"

// Package has the used fields of a package.json. Absent fields are empty.
type Package struct {
	Name                 string            `json:"name"`
	Version              string            `json:"version"`
	Main                 string            `json:"main"`
	Bin                  any               `json:"bin"` // a file, or files by the program's name
	Scripts              map[string]string `json:"scripts"`
	Engines              Engines           `json:"engines"`
	Volta                Volta             `json:"volta"`
	DevEngines           DevEngines        `json:"devEngines"`
	PackageManager       string            `json:"packageManager"` // "npm@11.6.0+sha512.…", as corepack writes it
	Workspaces           Workspaces        `json:"workspaces"`
	Dependencies         map[string]string `json:"dependencies"`
	DevDependencies      map[string]string `json:"devDependencies"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
	PeerDependencies     map[string]string `json:"peerDependencies"`
	Config               map[string]any    `json:"config"`
}

// Engines holds the ranges of the engines field, semver ranges as npm reads
// them.
type Engines struct {
	Node string `json:"node"`
	NPM  string `json:"npm"`
	PNPM string `json:"pnpm"`
	Yarn string `json:"yarn"`
	Bun  string `json:"bun"`
}

// Volta holds the exact versions that volta pins.
type Volta struct {
	Node string `json:"node"`
	NPM  string `json:"npm"`
	PNPM string `json:"pnpm"`
	Yarn string `json:"yarn"`
}

// DevEngines is the devEngines field of npm 10.9 and later.
type DevEngines struct {
	Runtime        EngineList `json:"runtime"`
	PackageManager EngineList `json:"packageManager"`
}

// Engine is one request of devEngines.
type Engine struct {
	Name    string `json:"name"`    // "node", "npm"
	Version string `json:"version"` // a semver range
	OnFail  string `json:"onFail"`  // "ignore", "warn", "error", "download"
}

// EngineList is one request or a list of them; devEngines allows both.
type EngineList []Engine

// UnmarshalJSON reads an object or a list of objects; anything else is none.
func (l *EngineList) UnmarshalJSON(text []byte) error {
	var list []Engine
	var one Engine
	switch {
	case json.Unmarshal(text, &list) == nil:
		*l = list
	case json.Unmarshal(text, &one) == nil:
		*l = EngineList{one}
	}
	return nil
}

// Named returns the requested version of the engine with that name.
func (l EngineList) Named(name string) (version string, found bool) {
	for _, engine := range l {
		if engine.Name == name {
			return engine.Version, true
		}
	}
	return "", false
}

// Workspaces are the globs of the workspaces field, relative to the project's
// folder.
type Workspaces []string

// UnmarshalJSON reads a list of globs, or an object that has one under
// "packages"; anything else is none.
func (w *Workspaces) UnmarshalJSON(text []byte) error {
	var list []string
	var object struct {
		Packages []string `json:"packages"`
	}
	switch {
	case json.Unmarshal(text, &list) == nil:
		*w = list
	case json.Unmarshal(text, &object) == nil:
		*w = object.Packages
	}
	return nil
}

// Read returns the package.json in dir. A missing file is fs.ErrNotExist; a
// file that is not JSON, or whose scripts, engines.node or dependencies have
// another shape than npm documents, is a [failure.Failure] with [InvalidID].
func Read(dir string) (Package, error) {
	path := filepath.Join(dir, FileName)
	text, err := ReadText(dir)
	if err != nil {
		return Package{}, err
	}
	pkg, err := Parse(text)
	if err != nil {
		return Package{}, undecodable(path, err)
	}
	return pkg, nil
}

// ReadFields returns all fields of the package.json in dir, as encoding/json
// decodes them into any.
func ReadFields(dir string) (map[string]any, error) {
	text, err := ReadText(dir)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, undecodable(filepath.Join(dir, FileName), located(text, err))
	}
	return fields, nil
}

// ReadText returns the text of the package.json in dir as UTF-8 without a byte
// order mark. Errors are those of [Read], but it does not parse the JSON. A
// file in UTF-16, which npm cannot read, is a [failure.Failure] with
// [InvalidID], too.
func ReadText(dir string) ([]byte, error) {
	path := filepath.Join(dir, FileName)
	raw, err := regular.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading %s: %w", FileName, err)
	}
	if err != nil {
		return nil, &failure.Failure{
			ID:     InvalidID,
			Cause:  fmt.Sprintf("failed to open %s", FileName),
			Remedy: fmt.Sprintf("let %s be a file that the build can read.", FileName),
			Err:    err,
		}
	}
	text, err := textfile.Decode(raw)
	if err != nil {
		return nil, undecodable(path, err)
	}
	if textfile.IsUTF16(raw) {
		return nil, &failure.Failure{
			ID:     InvalidID,
			Cause:  fmt.Sprintf("%s is text in UTF-16, which npm does not read; want UTF-8", path),
			Remedy: fmt.Sprintf("save %s as UTF-8: PowerShell 5 writes UTF-16 with > and Out-File, unless it is told -Encoding utf8.", FileName),
		}
	}
	return text, nil
}

// deciding has the fields that must have the right shape: detection depends on
// them.
type deciding struct {
	Scripts map[string]string `json:"scripts"`
	Engines struct {
		Node string `json:"node"`
	} `json:"engines"`
}

// Parse decodes the text of a package.json. Errors name the line and column, or
// the field with its actual and expected type. Only scripts, engines.node and the
// dependencies that npm installs must have the right shape; any other field with
// a wrong shape counts as absent, and npm reports it if it matters.
func Parse(text []byte) (Package, error) {
	text, err := textfile.Decode(text)
	if err != nil {
		return Package{}, err
	}
	if err := json.Unmarshal(text, new(deciding)); err != nil {
		return Package{}, located(text, err)
	}
	if err := checkSpecs(text); err != nil {
		return Package{}, err
	}
	var pkg Package
	var shape *json.UnmarshalTypeError
	if err := json.Unmarshal(text, &pkg); err != nil && !errors.As(err, &shape) { // which omits a field and continues
		return Package{}, located(text, err)
	}
	return pkg, nil
}

// ReadWorkspaces returns the workspaces of the package.json in dir, whatever
// the shape of its other fields. Errors are those of [Read].
func ReadWorkspaces(dir string) (Workspaces, error) {
	text, err := ReadText(dir)
	if err != nil {
		return nil, err
	}
	var pkg struct {
		Workspaces Workspaces `json:"workspaces"`
	}
	var shape *json.UnmarshalTypeError
	if err := json.Unmarshal(text, &pkg); err != nil && !errors.As(err, &shape) {
		return nil, undecodable(filepath.Join(dir, FileName), located(text, err))
	}
	return pkg.Workspaces, nil
}

// ScriptNames returns the names of the scripts that are not empty, sorted.
func (p Package) ScriptNames() []string {
	var all []string
	for name, command := range p.Scripts {
		if strings.TrimSpace(command) != "" {
			all = append(all, name)
		}
	}
	sort.Strings(all)
	return all
}

// Programs returns the files of bin, sorted, each once.
func (p Package) Programs() (files []string) {
	switch bin := p.Bin.(type) {
	case string:
		files = append(files, bin)
	case map[string]any:
		for _, file := range bin {
			if file, ok := file.(string); ok && !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	slices.Sort(files)
	return files
}

// DescribeScripts lists the scripts for a message: `dev, start`, or `there
// are none`.
func (p Package) DescribeScripts() string {
	if names := p.ScriptNames(); len(names) > 0 {
		return strings.Join(names, ", ")
	}
	return "there are none"
}

// StartScriptMissingID is the id of the [failure.Failure] for a start script
// that was chosen by name and does not exist.
const StartScriptMissingID = "start-script-missing"

// StartScript returns the command of the start script: the chosen one, or
// "start" if chosen is empty. A chosen script that does not exist is a
// [failure.Failure] with [StartScriptMissingID]; a missing "start" gives "".
func (p Package) StartScript(chosen string) (command string, err error) {
	if chosen == "" {
		return p.Scripts["start"], nil
	}
	command, ok := p.Scripts[chosen]
	if !ok {
		return "", &failure.Failure{
			ID:     StartScriptMissingID,
			Cause:  fmt.Sprintf("no script entry with name %q exists in %s, as BP_NPM_START_SCRIPT wants it", chosen, FileName),
			Remedy: fmt.Sprintf("set BP_NPM_START_SCRIPT to one of the scripts there (%s), or leave it unset for start.", p.DescribeScripts()),
		}
	}
	return command, nil
}
