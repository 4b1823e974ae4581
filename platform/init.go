//go:build linux

package platform

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"unicode"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/platform/internal/descriptor"
)

// descriptorText is the project descriptor (schema 0.2) with the settings of a plan.
// It leaves itself out of the image, which is the same without it.
var descriptorText = template.Must(template.New(descriptor.Name).Parse(`# The decisions of a build of this app, as armature plan says them. Change what you
# want otherwise; what you take out is decided anew in every build.

[_]
schema-version = "0.2"

[io.buildpacks]
exclude = ["/{{.File}}"]
{{range .Settings}}
# {{.About}}
[[io.buildpacks.build.env]]
name = {{.Name}}
value = {{.Value}}
{{end}}`))

// setting is a variable of the descriptor, quoted for TOML, with a comment.
type setting struct{ About, Name, Value string }

// Descriptor returns the text of a project.toml with which a build decides what the
// plan says, and makes the same image. Decisions without a setting, such as those of
// a Procfile or of a file that only the build makes, are not in it.
func (p AppPlan) Descriptor() ([]byte, error) {
	var all []setting
	for _, d := range p.Decisions {
		name, value, found := strings.Cut(d.Setting, "=")
		if !found {
			continue
		}
		all = append(all, setting{comment(d.Topic.Label() + ": " + d.String()), tomlString(name), tomlString(value)})
	}
	var text bytes.Buffer
	err := descriptorText.Execute(&text, struct {
		File     string
		Settings []setting
	}{descriptor.Name, all})
	return text.Bytes(), err
}

// comment puts a text on one line, without control characters.
func comment(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
}

// tomlString quotes a text as a basic string of TOML.
func tomlString(text string) string {
	var quoted strings.Builder
	quoted.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			quoted.WriteString(`\` + string(r))
		case unicode.IsControl(r):
			fmt.Fprintf(&quoted, `\u%04X`, r)
		default:
			quoted.WriteRune(r)
		}
	}
	quoted.WriteByte('"')
	return quoted.String()
}

// MayInit returns an error, with the id project-toml-exists, if an app has a
// project.toml.
func MayInit(app string) error {
	path := filepath.Join(app, descriptor.Name)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &failure.Failure{
		ID: "project-toml-exists", Cause: "there is " + strconv.Quote(path) + " already",
		Remedy: "keep it, or let --force replace it: what it says counts in the new one, its comments and its other tables are lost.",
	}
}

// Init writes the [AppPlan.Descriptor] into the app's folder and returns its path. It
// replaces a file only with force.
func (p AppPlan) Init(force bool) (path string, err error) {
	defer explain(&err)
	if !force {
		if err := MayInit(p.App); err != nil {
			return "", err
		}
	}
	text, err := p.Descriptor()
	if err != nil {
		return "", err
	}
	path = filepath.Join(p.App, descriptor.Name)
	return path, wholefile.WriteBytes(path, text)
}
