package packagejson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
)

func undecodable(path string, err error) error {
	return &failure.Failure{
		ID:     InvalidID,
		Cause:  fmt.Sprintf("failed to open %s: %s cannot be decoded", FileName, path),
		Remedy: remedy(err),
		Err:    err,
	}
}

// remedy returns the remedy for a file that cannot be decoded. npm accepts most
// fields of a wrong shape, so that running npm would show no error for those.
func remedy(err error) string {
	var shape *shapeError
	switch {
	case !errors.As(err, &shape):
		return fmt.Sprintf("correct %s; `npm pkg get` prints nothing but an error until it can be read.", FileName)
	case strings.HasPrefix(shape.field, "scripts"):
		return `write scripts as an object of commands, such as "scripts": {"start": "node server.js"}; a comment can be a field of its own beside scripts.`
	case strings.HasPrefix(shape.field, "engines"):
		return `write engines as an object of ranges, such as "engines": {"node": ">=22"}.`
	case strings.Contains(strings.ToLower(shape.field), "dependencies"):
		field, _, _ := strings.Cut(shape.field, ".")
		return fmt.Sprintf(`write %s as an object of ranges, such as "%[1]s": {"express": "^5.1.0"}.`, field)
	}
	return fmt.Sprintf(`write %s as an object, such as {"scripts": {"start": "node server.js"}}.`, shape.field)
}

// shapeError is the error for a field of the wrong type.
type shapeError struct {
	line             int
	field, got, want string // "scripts.start", "array", "a string"
}

// Error names the line and the field.
func (e *shapeError) Error() string {
	return fmt.Sprintf("line %d: %s is a JSON %s, want %s", e.line, e.field, e.got, e.want)
}

func located(text []byte, err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line, column := position(text, syntax.Offset)
		return fmt.Errorf("line %d, column %d: %w", line, column, err)
	}
	var shape *json.UnmarshalTypeError
	if errors.As(err, &shape) {
		line, _ := position(text, shape.Offset)
		field := shape.Field
		switch {
		case field == "":
			field = "the whole file"
		case field == "scripts" && shape.Type.Kind() == reflect.String:
			field += "." + noString(text)
		}
		return &shapeError{line: line, field: field, got: shape.Value, want: jsonName(shape.Type.Kind().String())}
	}
	return err
}

// noString returns the name of the first script that is no string, which
// encoding/json does not report.
func noString(text []byte) string {
	var outer struct {
		Scripts json.RawMessage `json:"scripts"`
	}
	if err := json.Unmarshal(text, &outer); err != nil {
		return ""
	}
	members := json.NewDecoder(bytes.NewReader(outer.Scripts))
	if _, err := members.Token(); err != nil { // the object's brace
		return ""
	}
	for members.More() {
		name, err := members.Token()
		var value any
		if err != nil || members.Decode(&value) != nil {
			return ""
		}
		if _, is := value.(string); !is && value != nil {
			return fmt.Sprint(name)
		}
	}
	return ""
}

// position turns an offset in bytes into a line and column, both from 1.
func position(text []byte, offset int64) (line, column int) {
	before := text[:min(int(offset), len(text))]
	line = 1 + bytes.Count(before, []byte("\n"))
	return line, len(before) - bytes.LastIndexByte(before, '\n') - 1
}

// jsonName returns JSON's name for the type that a Go kind is decoded from.
func jsonName(kind string) string {
	switch kind {
	case "struct", "map":
		return "an object"
	case "slice":
		return "an array"
	case "string":
		return "a string"
	}
	return kind
}
