package builds

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// event is a line of armature build --progress json (docs/armature.md,
// "Progress").
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

// phases reads the events of a build and returns the durations of armature's
// steps and of the lifecycle's phases, in the order in which they ended. It
// splits the phase "building" by buildpack. In a build for several platforms,
// names have the platform as a prefix. It ignores lines that are no events.
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

// buildpack returns a buildpack's short name from its title: "Armature
// Buildpack for npm install 0.1.0".
func buildpack(what string) string {
	name := strings.TrimPrefix(what, title)
	if cut := strings.LastIndexByte(name, ' '); cut > 0 {
		name = name[:cut]
	}
	return name
}
