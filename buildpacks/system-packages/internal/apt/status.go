package apt

import (
	"bytes"
	"strings"
)

// held says in dpkg's status file that a package is installed and must stay as it
// is: the run image is not the build's to change.
const held = "Status: hold ok installed\n"

// kept are the fields by which apt knows an installed package. Without relations
// to others, what is installed needs nothing and excludes nothing.
var kept = []string{"Package", "Architecture", "Version", "Multi-Arch", "Provides", "Maintainer", "Source"}

// installed turns control stanzas, with empty lines between, into those of dpkg's
// status file.
func installed(stanzas []byte) []byte {
	var out bytes.Buffer
	for stanza := range strings.SplitSeq(string(stanzas), "\n\n") {
		var fields strings.Builder
		keep := false
		for line := range strings.Lines(stanza) {
			if line[0] != ' ' && line[0] != '\t' {
				name, _, _ := strings.Cut(line, ":")
				keep = contains(kept, name)
			}
			if keep {
				fields.WriteString(strings.TrimRight(line, "\n") + "\n")
			}
		}
		if text := fields.String(); strings.HasPrefix(text, "Package:") {
			out.WriteString(text + held + "\n")
		}
	}
	return out.Bytes()
}

func contains(names []string, name string) bool {
	for _, one := range names {
		if strings.EqualFold(one, name) {
			return true
		}
	}
	return false
}

// Versions returns the versions of the packages of control stanzas, by name.
func Versions(stanzas []byte) map[string]string {
	versions := map[string]string{}
	name := ""
	for line := range strings.Lines(string(stanzas)) {
		if value, ok := strings.CutPrefix(line, "Package:"); ok {
			name = strings.TrimSpace(value)
		} else if value, ok := strings.CutPrefix(line, "Version:"); ok {
			versions[name] = strings.TrimSpace(value)
		}
	}
	return versions
}
