package versionfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/failure"
)

// names are the version managers' names for Node.js.
var names = []string{"node", "nodejs", "core:node"}

// ParseToolVersions reads the text of asdf's .tool-versions: each line has a
// tool's name and its versions; the first version counts.
func ParseToolVersions(text string, aliases Aliases) (string, error) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(uncommented(line))
		if len(fields) == 0 || !slices.Contains(names, fields[0]) {
			continue
		}
		if len(fields) == 1 {
			return "", invalid(ToolVersions, strings.TrimSpace(line), "a version behind "+fields[0])
		}
		return managed(ToolVersions, fields[1], aliases)
	}
	return "", nil
}

// ParseMise reads the text of a mise.toml: node in its table tools, as a
// version, a list of versions (the first counts), or a table with a version.
func ParseMise(text string, aliases Aliases) (string, error) {
	var doc struct {
		Tools map[string]any `toml:"tools"`
	}
	if _, err := toml.Decode(text, &doc); err != nil {
		return "", &failure.Failure{ID: InvalidID, Cause: Mise + " is not TOML", Remedy: "correct the file, or set BP_NODE_VERSION.", Err: err}
	}
	for _, name := range names {
		value, ok := doc.Tools[name]
		if !ok {
			continue
		}
		version, ok := version(value)
		if !ok {
			return "", invalid(Mise, fmt.Sprint(value), "node = \"24\" below [tools]")
		}
		return managed(Mise, version, aliases)
	}
	return "", nil
}

// version returns the version from any form that mise allows.
func version(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case map[string]any:
		text, ok := v["version"].(string)
		return text, ok
	case []any:
		if len(v) > 0 {
			return version(v[0])
		}
	}
	return "", false
}

// elsewhere are prefixes of requests for a Node.js on the developer's machine,
// installed, built there, or computed by a mise template.
var elsewhere = []string{"path:", "ref:", "system", "sub-", "{{"}

// managed turns a version of asdf or mise into a constraint: a version or its
// prefix, with or without "latest:" or "prefix:", or an alias with a codename
// after "lts-" or "lts/".
func managed(source, text string, aliases Aliases) (string, error) {
	request := strings.ToLower(strings.TrimSpace(text))
	for _, kind := range elsewhere {
		if strings.HasPrefix(request, kind) {
			return "", &elsewhereError{source, text}
		}
	}
	request = strings.TrimPrefix(strings.TrimPrefix(request, "latest:"), "prefix:")
	if c, ok := constraint(request); ok && request != "" {
		return c, nil
	}
	if codename, ok := strings.CutPrefix(request, "lts-"); ok {
		request = "lts/" + codename
	}
	if c, ok := aliases.Alias(request); ok {
		return c, nil
	}
	return "", invalid(source, text, withAliases)
}
