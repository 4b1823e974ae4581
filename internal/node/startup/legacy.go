package startup

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// hashing are the tools that hash with MD4, or whose webpack does, below a version.
var hashing = []struct {
	pkg          string
	major, minor int
}{
	{"webpack", 5, 61},
	{"react-scripts", 5, 0},
	{"@vue/cli-service", 5, 0},
	{"next", 12, 0},
	{"nuxt", 3, 0},
	{"gatsby", 4, 0},
	{"@angular-devkit/build-angular", 13, 0},
	{"preact-cli", 4, 0},
	{"umi", 4, 0},
}

// firstVersion matches the first version of a range: its major and minor numbers.
var firstVersion = regexp.MustCompile(`(\d+)(?:\.(\d+))?`)

// NeedsLegacyHashes returns a tool of the project that hashes with MD4, which
// Node.js has only with --openssl-legacy-provider since 17, with its range:
// "react-scripts ^4.0.3". It is empty without one.
func NeedsLegacyHashes(pkg packagejson.Package) string {
	for _, tool := range hashing {
		for _, list := range []map[string]string{pkg.Dependencies, pkg.DevDependencies} {
			numbers := firstVersion.FindStringSubmatch(list[tool.pkg])
			if numbers == nil {
				continue
			}
			major, _ := strconv.Atoi(numbers[1])
			minor, _ := strconv.Atoi(numbers[2]) // 0 without one
			if major < tool.major || major == tool.major && minor < tool.minor && numbers[2] != "" {
				return fmt.Sprintf("%s %s", tool.pkg, list[tool.pkg])
			}
		}
	}
	return ""
}
