//go:build linux

package progress

import (
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// Event is something that a build tells: a [BuildStarted], [Started], [Ended], [Output],
// [Note], [PhaseFailed] or [ImageWritten].
type Event interface{ event() }

// BuildStarted tells what is built, as soon as it is decided.
type BuildStarted struct {
	Name    string // of the image, with its tag
	Targets []targets.Target
	Host    targets.Target // whose build image the build runs in
	Builder string         // as it was named
}

// Started tells that a span has begun. It has no End yet, and nothing is known of
// its Bytes, nor whether it is Reused or Failed.
type Started struct{ Span Span }

// Ended tells that a span is over. One that could be told only then has no
// Started before it.
type Ended struct{ Span Span }

// Output is a line of what runs in a build. Whoever wrote a script or a package
// chose what is in it: a terminal must not get it as it is.
type Output struct {
	At       time.Duration // since the build began
	Platform string        // of one of several
	Phase    Span          // that it is of, as it started; zero when it is of none
	Text     string

	// Detail says that people need the line only when the phase fails.
	Detail bool
}

// Note is a fact, in one line.
type Note struct {
	At       time.Duration // since the build began
	Platform string        // of one of several
	Text     string
}

// PhaseFailed tells that the last phase failed for what it printed itself.
type PhaseFailed struct {
	Platform string // of one of several
}

// ImageWritten tells that the image is where it was to go. What the build still
// does removes what it needed.
type ImageWritten struct {
	At        time.Duration // since the build began
	Reference string        // how to find the image: a folder, file or name, with its digest
}

func (BuildStarted) event() {}
func (Started) event()      {}
func (Ended) event()        {}
func (Output) event()       {}
func (Note) event()         {}
func (PhaseFailed) event()  {}
func (ImageWritten) event() {}
