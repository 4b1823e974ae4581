package builds

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// event is what armature build --progress json prints, one a line
// (docs/armature.md, "Progress").
type event struct {
	Event    string  `json:"event"`
	Platform string  `json:"platform"`
	Kind     string  `json:"kind"`
	What     string  `json:"what"`
	Seconds  float64 `json:"seconds"`
}

const (
	building = "building" // the phase in which buildpacks run
	title    = "Armature Buildpack for "
)

// phases reads the events of a build and returns what each step of armature's
// and each phase of the lifecycle took, in the order in which they ended. The
// phase "building" is told as its buildpacks. Of a build for several platforms
// every name has its platform before it. Lines that are no events are passed
// over.
func phases(from io.Reader) ([]history.Part, error) {
	var parts []history.Part
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Event != "end" {
			continue
		}
		name := e.What
		switch {
		case e.Kind == "buildpack":
			name = building + ": " + buildpack(e.What)
		case e.Kind != "step" && e.Kind != "phase" || e.What == building:
			continue
		}
		if e.Platform != "" {
			name = e.Platform + " " + name
		}
		parts = append(parts, history.Part{Name: name, Value: e.Seconds})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading armature's progress: %w", err)
	}
	return parts, nil
}

// buildpack is a buildpack's short name, of its title: "Armature Buildpack for
// npm install 0.1.0".
func buildpack(what string) string {
	name := strings.TrimPrefix(what, title)
	if cut := strings.LastIndexByte(name, ' '); cut > 0 {
		name = name[:cut]
	}
	return name
}
