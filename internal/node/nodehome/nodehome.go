// Package nodehome reads an installed Node.js without running it.
package nodehome

import (
	"os"
	"path/filepath"
	"regexp"
)

// Variable names the folder of the installed Node.js.
const Variable = "NODE_HOME"

// numbers matches the three numbers of a version of Node.js in its header
// node_version.h, in their order there.
var numbers = regexp.MustCompile(`(?s)#define NODE_MAJOR_VERSION (\d+).*#define NODE_MINOR_VERSION (\d+).*#define NODE_PATCH_VERSION (\d+)`)

// Version returns the version of the Node.js in a folder, "24.1.0", or an empty
// text without a folder or its headers.
func Version(home string) string {
	if home == "" {
		return ""
	}
	header, err := os.ReadFile(filepath.Join(home, "include", "node", "node_version.h"))
	if err != nil {
		return ""
	}
	if found := numbers.FindSubmatch(header); found != nil {
		return string(found[1]) + "." + string(found[2]) + "." + string(found[3])
	}
	return ""
}
