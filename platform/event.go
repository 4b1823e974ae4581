//go:build linux

package platform

import "github.com/armature-cnb/armature/internal/progress"

// Progress receives the events of a build, one at a time. The build waits until
// Event returns.
type Progress interface{ Event(Event) }

// Event is a [BuildStarted], [Planned], [Started], [Ended], [Output], [Note],
// [PhaseFailed], [ImageWritten] or [ProjectEnded]. More types may be added. Of
// several projects, each event says which Project it is about.
type Event = progress.Event

// BuildStarted is the first event: the image's Name with its tag, its Targets, the
// Host whose build image the build runs in, and the Builder, as the caller named
// it.
type BuildStarted = progress.BuildStarted

// Planned has the [Decision]s of the buildpacks, which are known after detection, for
// a Platform of several, At this time since the build began. With several targets
// only the first has one.
type Planned = progress.Planned

// Started reports that a Span has begun: a phase of the lifecycle, or other work.
type Started = progress.Started

// Ended reports that a Span is over. A span that is known only afterwards has no
// Started.
type Ended = progress.Ended

// Output is a line of Text that a program of the build printed, in the Phase of a
// Platform, At this time since the build began. The Text is untrusted: escape it
// for a terminal. Detail marks lines that matter only if the phase fails.
type Output = progress.Output

// Note is a fact about the build, a Text of one line.
type Note = progress.Note

// PhaseFailed reports that the last phase of a Platform failed for a reason in its
// own output.
type PhaseFailed = progress.PhaseFailed

// ImageWritten has the Reference of the image, as soon as it is written. Cleaning
// up follows.
type ImageWritten = progress.ImageWritten

// ProjectEnded reports what became of one of several projects: the Reference of its
// image and the Bytes of its layers, or Err.
type ProjectEnded = progress.ProjectEnded

// Span is a piece of work: its name, its Parent's ID or 0, its start and end
// relative to the build's start, and its outcome.
type Span = progress.Span

// Kind is the kind of a span.
type Kind = progress.Kind

// The kinds.
const (
	KindStep      Kind = progress.Step      // armature's own
	KindPhase     Kind = progress.Phase     // of the lifecycle
	KindBuildpack Kind = progress.Buildpack // within the phase building
	KindTask      Kind = progress.Task      // a step that a buildpack or the lifecycle reports
	KindCommand   Kind = progress.Command   // a program that a buildpack runs
	KindDownload  Kind = progress.Download
	KindLayer     Kind = progress.Layer  // reading and hashing a layer's files
	KindUpload    Kind = progress.Upload // compressing a layer, and writing it into the build's registry
	KindCache     Kind = progress.Cache  // hashing and writing the cache for the next build
)

// Kinds returns all kinds.
func Kinds() []Kind { return progress.Kinds() }

// newLog returns a log that sends its events to a request's Progress, if any.
func newLog(p Progress) *progress.Log {
	if p == nil {
		return progress.New(nil)
	}
	return progress.New(p.Event)
}
