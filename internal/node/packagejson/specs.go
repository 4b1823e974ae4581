package packagejson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// specFields are the fields of dependencies that npm installs.
var specFields = []string{"dependencies", "devDependencies", "optionalDependencies"}

// checkSpecs returns the error of a package.json whose dependencies are no object of
// ranges. npm takes the places of a list for names, and asks the registry for
// 0@express. It accepts an empty list, and any other value without members.
func checkSpecs(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if _, err := decoder.Token(); err != nil { // the object's brace
		return nil
	}
	for decoder.More() {
		key, err := decoder.Token()
		line, _ := position(text, decoder.InputOffset())
		var value any
		if err != nil || decoder.Decode(&value) != nil {
			return nil
		}
		if name, _ := key.(string); slices.Contains(specFields, name) {
			if err := checkSpec(name, value, line); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkSpec(field string, value any, line int) error {
	wrong := func(field, got, want string) error {
		return &shapeError{line: line, field: field, got: got, want: want}
	}
	switch value := value.(type) {
	case []any:
		if len(value) > 0 {
			return wrong(field, "array", "an object")
		}
	case string:
		if value != "" {
			return wrong(field, "string", "an object")
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if _, ok := value[name].(string); !ok {
				return wrong(fmt.Sprintf("%s.%s", field, name), kindOf(value[name]), "a string")
			}
		}
	}
	return nil
}

// kindOf returns JSON's name for the type of a decoded value that is no string.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
