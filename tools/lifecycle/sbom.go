package main

import (
	"debug/buildinfo"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/sbom"
)

// writeSBOMs lists the modules in the two programs, as recorded by the Go
// toolchain, where the exporter expects them: next to the programs, in every
// format (Platform API, "SBOM for the lifecycle and launcher").
func writeSBOMs(dir, version string) error {
	for _, program := range []string{"lifecycle", "launcher"} {
		document, err := modules(filepath.Join(dir, program), version)
		if err != nil {
			return fmt.Errorf("listing the modules of %s: %w", program, err)
		}
		for _, format := range document.Formatter().Formats() {
			text, err := io.ReadAll(format.Content)
			if err != nil {
				return fmt.Errorf("listing the modules of %s: %w", program, err)
			}
			path := filepath.Join(dir, program+".sbom."+format.Extension)
			if err := os.WriteFile(path, text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func modules(program, version string) (sbom.Document, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return sbom.Document{}, err
	}
	document := sbom.Document{Name: filepath.Base(program), Version: version}
	document.Components = append(document.Components, component(module, "v"+version))
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Path != module {
			document.Components = append(document.Components, component(m.Path, m.Version))
		}
	}
	return document, nil
}

// component returns a module with its package URL: in lower case, with an
// escaped plus ("+incompatible").
func component(path, version string) sbom.Component {
	return sbom.Component{
		Name:    path,
		Version: version,
		PURL:    "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B"),
		Type:    sbom.Library,
	}
}
