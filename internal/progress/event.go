//go:build linux

package progress

import (
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// Event is a [BuildStarted], [Planned], [Started], [Ended], [Output], [Note],
// [PhaseFailed], [ImageWritten] or [ProjectEnded].
type Event interface{ event() }

// BuildStarted is the first event, or the first of a project.
type BuildStarted struct {
	Project string // one of several, or ""
	Name    string // of the image, with its tag
	Targets []targets.Target
	Host    targets.Target // whose build image the build runs in
	Builder string         // as the caller named it
}

// Planned has what the buildpacks decided in detection.
type Planned struct {
	At        time.Duration // since the build began
	Project   string        // one of several, or ""
	Platform  string        // one of several, or ""
	Decisions []decisions.Decision
}

// Started reports that a span has begun. Its End, Bytes, Reused and Failed are not
// set yet.
type Started struct{ Span Span }

// Ended reports that a span is over. A span that is known only afterwards has no
// Started.
type Ended struct{ Span Span }

// Output is a line that a program of the build printed. It is untrusted: escape it
// for a terminal.
type Output struct {
	At       time.Duration // since the build began
	Project  string        // one of several, or ""
	Platform string        // one of several, or ""
	Phase    Span          // the line's phase, as it started, or zero
	Text     string

	// Detail marks a line that matters only if the phase fails.
	Detail bool
}

// Note is a fact, in one line.
type Note struct {
	At       time.Duration // since the build began
	Project  string        // one of several, or ""
	Platform string        // one of several, or ""
	Text     string
}

// PhaseFailed reports that the last phase failed for a reason in its own output.
type PhaseFailed struct {
	Project  string // one of several, or ""
	Platform string // one of several, or ""
}

// ImageWritten reports that the image is written. Cleaning up follows.
type ImageWritten struct {
	At        time.Duration // since the build began
	Project   string        // one of several, or ""
	Reference string        // a folder, file or name, with its digest
}

// ProjectEnded reports what became of one of several projects.
type ProjectEnded struct {
	At        time.Duration // since the build began
	Project   string
	Reference string        // of the image, with its digest; "" after a failure
	Bytes     int64         // of the image's layers, compressed, for all platforms
	Took      time.Duration // without the wait for other projects
	Err       error         // why there is no image, or nil
}

// Where names a project and a platform, each one of several or "".
func Where(project, platform string) string {
	return strings.TrimSpace(project + " " + platform)
}

func (BuildStarted) event() {}
func (Planned) event()      {}
func (Started) event()      {}
func (Ended) event()        {}
func (Output) event()       {}
func (Note) event()         {}
func (PhaseFailed) event()  {}
func (ImageWritten) event() {}
func (ProjectEnded) event() {}
