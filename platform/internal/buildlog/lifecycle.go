// Package buildlog parses the lines that the lifecycle and buildpacks print for
// people. An app's scripts can print such lines, too: they may decide on what a
// build reports, and on when one for a second target begins beside it, and never on
// what is made.
package buildlog

import (
	"regexp"
	"strings"
)

// PhasePrefix begins the lifecycle's announcement of a phase
// (cmd/lifecycle/creator.go of lifecycle 0.21).
const PhasePrefix = "===> "

// Phase returns the phase that a line of the lifecycle announces, such as
// "ANALYZING".
func Phase(line string) (name string, announced bool) { return strings.CutPrefix(line, PhasePrefix) }

// ExportKind is the kind of a line of the phase in which the lifecycle exports an
// image.
type ExportKind int

// The kinds of lines. The lifecycle prints those of layers when it has read and
// hashed the layer.
const (
	OtherExport ExportKind = iota
	Layer
	CacheLayer
	AppLayers
	Saving // it begins to compress and upload layers
	Images // the list of written images follows
)

// Export is a line of the phase in which the lifecycle exports an image.
type Export struct {
	Kind   ExportKind
	Name   string // of a layer
	Reused bool   // a layer is that of the image before
}

// The lines (phase/exporter.go and phase/cache.go of lifecycle 0.21).
var (
	layerLine = regexp.MustCompile(`^(Adding|Reusing) (cache )?layer '([^']+)'$`)
	appLine   = regexp.MustCompile(`^(Added|Reused) \d+/\d+ app layer\(s\)$`)
)

// ParseExport parses a line of the phase in which the lifecycle exports an image.
func ParseExport(line string) Export {
	if found := layerLine.FindStringSubmatch(line); found != nil {
		e := Export{Kind: Layer, Name: found[3], Reused: found[1] == "Reusing"}
		if found[2] != "" {
			e.Kind = CacheLayer
		}
		return e
	}
	if found := appLine.FindStringSubmatch(line); found != nil {
		return Export{Kind: AppLayers, Reused: found[1] == "Reused"}
	}
	switch {
	case strings.HasPrefix(line, "Saving "):
		return Export{Kind: Saving}
	case strings.HasPrefix(line, "*** Images ("):
		return Export{Kind: Images}
	}
	return Export{}
}

// SplitEnd separates the lines before the lifecycle's last one from the reason in
// it, such as "failed to build: exit status 1" (cmd/exit.go of lifecycle 0.21).
// The reason is empty if the last line is not the lifecycle's.
func SplitEnd(lines []string) (before []string, reason string) {
	if len(lines) == 0 {
		return nil, ""
	}
	end := len(lines) - 1
	reason, found := strings.CutPrefix(lines[end], "ERROR: ")
	if !found {
		return lines, ""
	}
	return lines[:end], reason
}

// BuildStatus returns how the lifecycle says that a buildpack's build ended, such
// as "exit status 1", or "" for another reason.
func BuildStatus(reason string) string {
	status, found := strings.CutPrefix(reason, "failed to build: ")
	if !found {
		return ""
	}
	return status
}

// Detection is what the lifecycle prints if no group of buildpacks passes.
type Detection struct {
	Outputs map[string][]string // a buildpack's output: "ID@VERSION"
	Erred   []string            // the buildpacks that ended with an error, in order
	Refused []string            // those that did not pass, in order
}

// The lines (phase/detector.go of lifecycle 0.21): each buildpack's output, then
// the results.
var (
	outputLine  = regexp.MustCompile(`^======== (Output|Error): (\S+) ========$`)
	resultsLine = "======== Results ========"
	erredLine   = regexp.MustCompile(`^err:  (\S+)`)
	refusedLine = regexp.MustCompile(`^(?:fail|skip): (\S+)$`)
)

// ParseDetection parses the lines of a detection in which no group passed.
func ParseDetection(lines []string) Detection {
	d := Detection{Outputs: map[string][]string{}}
	of := ""
	for _, line := range lines {
		if found := outputLine.FindStringSubmatch(line); found != nil {
			if of = found[2]; found[1] == "Error" && len(d.Outputs[of]) > 0 {
				of = "" // "exit status 1" says less
				continue
			}
			d.Outputs[of] = nil
			continue
		}
		switch {
		case line == resultsLine:
			of = ""
		case of != "":
			d.Outputs[of] = append(d.Outputs[of], line)
		default:
			d.result(line)
		}
	}
	return d
}

// result parses a line after the outputs.
func (d *Detection) result(line string) {
	if found := erredLine.FindStringSubmatch(line); found != nil {
		d.Erred = append(d.Erred, found[1])
	} else if found := refusedLine.FindStringSubmatch(line); found != nil {
		d.Refused = append(d.Refused, found[1])
	}
}
