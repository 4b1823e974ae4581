//go:build linux

package platform

import "github.com/armature-cnb/armature/internal/progress"

// Progress hears how a build goes. It gets one event at a time, and the build goes
// on when it has returned.
type Progress interface{ Event(Event) }

// Event is something that a build tells: a [BuildStarted], [Started], [Ended],
// [Output], [Note], [PhaseFailed] or [ImageWritten]. Further types may come.
type Event = progress.Event

// BuildStarted tells, as soon as it is decided, what is built: the image's Name
// with its tag, its Targets, the Host whose build image the build runs in, and the
// Builder, as it was named.
type BuildStarted = progress.BuildStarted

// Started tells that a Span has begun: a phase of the lifecycle, or other work.
type Started = progress.Started

// Ended tells that a Span is over. One that could be told only then has no Started
// before it.
type Ended = progress.Ended

// Output is a line of Text that a program of the build printed, in the Phase of a
// Platform, At so much time since the build began. Whoever wrote a script or a
// package chose what is in it: a terminal must not get it as it is. People need a
// Detail only when the phase fails.
type Output = progress.Output

// Note is a fact about the build, a Text of one line.
type Note = progress.Note

// PhaseFailed tells that the last phase of a Platform failed for what it printed
// itself.
type PhaseFailed = progress.PhaseFailed

// ImageWritten tells the Reference by which the image is found, as soon as it is
// there. The build goes on for a little while to remove what it needed.
type ImageWritten = progress.ImageWritten

// Span is a piece of work: what it is, its Parent's ID or 0, when it began and
// ended since the build did, and how it went.
type Span = progress.Span

// Kind is what sort of work a span is.
type Kind = progress.Kind

// The kinds there are.
const (
	KindStep      Kind = progress.Step      // armature's own
	KindPhase     Kind = progress.Phase     // of the lifecycle
	KindBuildpack Kind = progress.Buildpack // within the phase building
	KindTask      Kind = progress.Task      // what a buildpack or the lifecycle says that it does
	KindCommand   Kind = progress.Command   // a program that a buildpack runs
	KindDownload  Kind = progress.Download
	KindLayer     Kind = progress.Layer  // reading and hashing a layer's files
	KindUpload    Kind = progress.Upload // compressing a layer, and writing it into the build's registry
	KindCache     Kind = progress.Cache  // hashing and writing what the next build finds
)

// Kinds are all of them.
func Kinds() []Kind { return progress.Kinds() }

// newLog is a log whose events a request's Progress gets, if it has one.
func newLog(p Progress) *progress.Log {
	if p == nil {
		return progress.New(nil)
	}
	return progress.New(p.Event)
}
