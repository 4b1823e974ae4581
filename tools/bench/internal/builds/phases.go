package builds

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// event is what armature build --progress json prints, one a line.
type event struct {
	Event    string  `json:"event"` // note, start, end, output
	Platform string  `json:"platform"`
	What     string  `json:"what"`
	Text     string  `json:"text"`
	Seconds  float64 `json:"seconds"`
}

const (
	building = "building" // the phase in which buildpacks run
	title    = "Armature Buildpack for "
)

// phases reads the events of a build and returns what each phase took, in the
// order in which they ended. The phase "building" is told as its buildpacks,
// each from its title to the next, by the clock now. Of a build for several
// platforms every name has its platform before it. Lines that are no events
// are passed over.
func phases(from io.Reader, now func() time.Time) ([]history.Part, error) {
	var parts []history.Part
	running := map[string]*steps{} // by platform
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		of := running[e.Platform]
		if of == nil {
			of = &steps{}
			running[e.Platform] = of
		}
		switch {
		case e.Event == "output" && e.What == building:
			of.line(e.Text, now())
		case e.Event == "end" && e.What == building:
			of.end(now())
			parts = append(parts, named(e.Platform, of.took...)...)
		case e.Event == "end":
			parts = append(parts, named(e.Platform, history.Part{Name: e.What, Value: e.Seconds})...)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading armature's progress: %w", err)
	}
	return parts, nil
}

// steps are the buildpacks of a build.
type steps struct {
	name  string // of the one that runs
	since time.Time
	took  []history.Part
}

// line begins another step when it is a buildpack's title: "Armature Buildpack
// for npm install 0.1.0".
func (s *steps) line(text string, at time.Time) {
	rest, found := strings.CutPrefix(text, title)
	if !found {
		return
	}
	s.end(at)
	name := rest
	if cut := strings.LastIndexByte(rest, ' '); cut > 0 {
		name = rest[:cut]
	}
	s.name, s.since = name, at
}

func (s *steps) end(at time.Time) {
	if s.name != "" {
		s.took = append(s.took, history.Part{Name: "building: " + s.name, Value: at.Sub(s.since).Seconds()})
		s.name = ""
	}
}

func named(platform string, parts ...history.Part) []history.Part {
	if platform == "" {
		return parts
	}
	for i := range parts {
		parts[i].Name = platform + " " + parts[i].Name
	}
	return parts
}
