package nodeengine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/inventory"
)

// Names of the version files, which are also the version-source of what they
// ask for.
const (
	nvmrc       = ".nvmrc"
	nodeVersion = ".node-version"
)

// readVersionFile returns what a version file asks for: its first line that
// is neither blank nor a comment, without a comment behind it, in lower case.
// Nothing is returned when there is no such line, or no file.
func readVersionFile(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			return strings.ToLower(line), nil
		}
	}
	return "", nil
}

// parseNvmrc turns a line of .nvmrc into a constraint. It knows the
// inventory's aliases.
func parseNvmrc(line string, inv *inventory.Inventory) (string, error) {
	if constraint, ok := inv.Alias(line); ok {
		return constraint, nil
	}
	return parseVersion(line, nvmrc, "a version (24.1.0), a range (24, >=22 <25) or an alias (lts/*, lts/<codename>, node)")
}

// parseNodeVersion turns a line of .node-version into a constraint. Aliases
// belong in .nvmrc.
func parseNodeVersion(line string) (string, error) {
	return parseVersion(line, nodeVersion, "a version (24.1.0) or a range (24, >=22 <25); aliases work in .nvmrc and BP_NODE_VERSION")
}

// parseVersion checks a version or range, and takes one leading v off.
func parseVersion(line, file, want string) (string, error) {
	constraint := strings.TrimPrefix(line, "v")
	if _, err := semver.NewConstraint(constraint); err != nil {
		return "", &failure.Failure{
			ID:     inventory.IDVersionInvalid,
			Cause:  fmt.Sprintf("invalid version constraint specified in %s: %q", file, line),
			Remedy: fmt.Sprintf("write %s into %s, or set BP_NODE_VERSION.", want, file),
		}
	}
	return constraint, nil
}

// hasEngine says whether package.json asks for a Node.js version. A file that
// cannot be read asks for none here: the buildpack that installs packages
// says what is wrong with it.
func hasEngine(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return false
	}
	var manifest struct {
		Engines struct {
			Node string `json:"node"`
		} `json:"engines"`
	}
	return json.Unmarshal(text, &manifest) == nil && manifest.Engines.Node != ""
}
