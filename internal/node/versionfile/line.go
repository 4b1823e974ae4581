package versionfile

import "strings"

// withAliases and withoutAliases describe a file's valid content, for messages.
const (
	withAliases    = "a version (24.1.0), a range (24, >=22 <25) or an alias (lts/*, lts/<codename>, node)"
	withoutAliases = "a version (24.1.0) or a range (24, >=22 <25); aliases work in .nvmrc and BP_NODE_VERSION"
)

// ParseNvmrc turns the text of .nvmrc into a constraint. It uses the first line
// that is neither blank nor a comment. Without one there is no request.
func ParseNvmrc(text string, aliases Aliases) (string, error) {
	line := firstLine(text)
	if c, ok := constraint(line); ok || line == "" {
		return c, nil
	}
	if c, ok := aliases.Alias(line); ok {
		return c, nil
	}
	return "", invalid(Nvmrc, line, withAliases)
}

// ParseNodeVersion does the same for .node-version, which has no aliases.
func ParseNodeVersion(text string, _ Aliases) (string, error) {
	line := firstLine(text)
	if c, ok := constraint(line); ok || line == "" {
		return c, nil
	}
	return "", invalid(NodeVersion, line, withoutAliases)
}

// firstLine returns the first line that is neither blank nor a comment, without
// a trailing comment, in lower case.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = uncommented(line); line != "" {
			return strings.ToLower(line)
		}
	}
	return ""
}

func uncommented(line string) string {
	line, _, _ = strings.Cut(line, "#")
	return strings.TrimSpace(line)
}
