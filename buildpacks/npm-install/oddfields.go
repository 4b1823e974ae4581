package npminstall

import (
	"fmt"
	"maps"
	"slices"

	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// oddField returns the field of a folder's package.json on which npm fails
// without naming it: a dependency whose version is no string, or workspaces that
// are null; or "".
func oddField(dir string) string {
	fields, err := packagejson.ReadFields(dir)
	if err != nil {
		return ""
	}
	for _, field := range []string{"dependencies", "devDependencies", "optionalDependencies", "peerDependencies"} {
		versions, _ := fields[field].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(versions)) {
			if _, ok := versions[name].(string); !ok {
				return fmt.Sprintf("%s.%s is %s, want a version or a range as a string", field, name, jsonKind(versions[name]))
			}
		}
	}
	if workspaces, ok := fields["workspaces"]; ok && workspaces == nil {
		return "workspaces is null, want a list or no such field"
	}
	return ""
}

// jsonKind returns the JSON type of a value that encoding/json decoded.
func jsonKind(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case float64:
		return "a number"
	case []any:
		return "an array"
	}
	return "an object"
}
