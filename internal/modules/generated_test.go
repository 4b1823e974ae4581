package modules

import (
	"slices"
	"testing"
)

func TestPackagesThatAFileIsIn(t *testing.T) {
	for file, want := range map[string][]string{
		"node_modules/a/index.js":                        {"node_modules/a"},
		"node_modules/a/node_modules/@s/b/lib/index.js":  {"node_modules/a", "node_modules/a/node_modules/@s/b"},
		"packages/w/node_modules/@s/b/index.js":          {"packages/w/node_modules/@s/b"},
		"node_modules/.client/index.js":                  nil,
		"node_modules/file":                              nil,
		"node_modules/@s/file":                           nil,
		"node_modules/.client/node_modules/a/b/index.js": {"node_modules/.client/node_modules/a"},
	} {
		if got := packageFolders(file); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
	}
}
