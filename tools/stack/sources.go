package main

import (
	"fmt"
	"slices"
	"strings"
)

// source is where apt searched for packages.
type source struct {
	suite     string // "trixie-security"
	uri       string // of the archive, with a slash at its end
	component string // "main"
}

// sources reads the lines that [fetchHook] prints, each source once.
func sources(output string) (found []source) {
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) != 4 || fields[0] != "suite" {
			continue
		}
		if one := (source{suite: fields[1], uri: fields[2], component: fields[3]}); !slices.Contains(found, one) {
			found = append(found, one)
		}
	}
	return found
}

// Where the build image has the sources, and the keyring of the package
// debian-archive-keyring.
const (
	sourcesFile = "etc/apt/sources.list"
	keyringFile = "usr/share/keyrings/debian-archive-keyring.pgp"
)

// configureSources lets apt in the build image search where it searched for the
// image's own packages: with mmdebstrap's mirrors on the host that makes the image.
func configureSources(t tree, found []source) error {
	if t[keyringFile] == nil {
		return fmt.Errorf("package debian-archive-keyring: got no /%s", keyringFile)
	}
	var text strings.Builder
	for _, s := range found {
		fmt.Fprintf(&text, "deb [signed-by=/%s] %s %s %s\n", keyringFile, s.uri, s.suite, s.component)
	}
	t.file(sourcesFile, 0o644, []byte(text.String()))
	return nil
}
