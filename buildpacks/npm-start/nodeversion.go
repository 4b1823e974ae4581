package npmstart

import (
	"os"
	"path/filepath"
	"regexp"

	"github.com/armature-cnb/armature/internal/cnb/settings"
)

// headerNumbers matches the three numbers of a version of Node.js in its header
// node_version.h, in their order there.
var headerNumbers = regexp.MustCompile(`(?s)#define NODE_MAJOR_VERSION (\d+).*#define NODE_MINOR_VERSION (\d+).*#define NODE_PATCH_VERSION (\d+)`)

// nodeVersion returns the version of the app's Node.js, that of NODE_HOME, or an
// empty text without its headers.
func nodeVersion(getenv settings.Getenv) string {
	home := getenv("NODE_HOME")
	if home == "" {
		return ""
	}
	header, err := os.ReadFile(filepath.Join(home, "include", "node", "node_version.h"))
	if err != nil {
		return ""
	}
	if numbers := headerNumbers.FindSubmatch(header); numbers != nil {
		return string(numbers[1]) + "." + string(numbers[2]) + "." + string(numbers[3])
	}
	return ""
}
