package npmregistry

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
)

// definitions are the files of npm's package that define its settings, by version:
// npm 9.1 and later, and older ones.
var definitions = []string{"node_modules/@npmcli/config/lib/definitions/definitions.js", "lib/utils/config/definitions.js"}

// standardRegistry matches the default of npm's setting registry there.
var standardRegistry = regexp.MustCompile(`\('registry', \{\s*default: '([^']+)'`)

// Standard returns the registry that npm asks if its configuration names none, from
// the folder of npm's package.
func Standard(npm string) (*url.URL, error) {
	for _, name := range definitions {
		text, err := os.ReadFile(filepath.Join(npm, name))
		if err != nil {
			continue
		}
		if found := standardRegistry.FindSubmatch(text); found != nil {
			return url.Parse(string(found[1]))
		}
	}
	return nil, fmt.Errorf("npm in %s does not say which registry it asks", npm)
}
