package versionfile

import (
	"strings"

	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// volta returns the version that volta pins in package.json.
func volta(dir string) (string, error) {
	return strings.TrimSpace(manifest(dir).Volta.Node), nil
}

// devEngines returns devEngines.runtime of package.json, if it is Node.js.
func devEngines(dir string) (string, error) {
	version, _ := manifest(dir).DevEngines.Runtime.Named("node")
	return strings.TrimSpace(version), nil
}

// manifest reads package.json. An unreadable one has no request here: the
// buildpack that installs packages reports the error.
func manifest(dir string) packagejson.Package {
	pkg, err := packagejson.Read(dir)
	if err != nil {
		return packagejson.Package{}
	}
	return pkg
}

// HasEngine reports whether package.json has a range for Node.js in engines,
// which overrides all files that [Find] reads.
func HasEngine(dir string) bool { return manifest(dir).Engines.Node != "" }

func parseVolta(text string, _ Aliases) (string, error) {
	if c, ok := constraint(text); ok {
		return c, nil
	}
	return "", invalid(Volta, text, "a version (24.1.0)")
}

func parseDevEngines(text string, _ Aliases) (string, error) {
	if c, ok := constraint(text); ok {
		return c, nil
	}
	return "", invalid(DevEngines, text, "a version (24.1.0) or a range (24, >=22 <25)")
}
