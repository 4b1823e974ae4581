// Package failure holds the errors that an app developer can cause, or can
// mend: each has an id that stays the same from release to release, one line
// that says what is wrong, and one that says what to do about it.
package failure

import "fmt"

// Failure is such an error. Print it as it is: Error gives the id, the cause
// and the remedy on lines of their own.
type Failure struct {
	ID     string // lower case, dashed, never reused: "node-version-unknown"
	Cause  string // one line: got and want
	Remedy string // what to do, in the imperative; further lines may list what would work
	Err    error  // what lay below, or nil; part of the message when not nil

	// Transient says that it may pass by itself, so that the same build may
	// succeed later: a server that is down, for example. See package exit.
	Transient bool
}

func (f *Failure) Error() string {
	cause := f.Cause
	if f.Err != nil {
		cause = fmt.Sprintf("%s: %s", f.Cause, f.Err)
	}
	return fmt.Sprintf("[%s] %s\nTo fix it: %s", f.ID, cause, f.Remedy)
}

func (f *Failure) Unwrap() error { return f.Err }

// Is makes errors.Is(err, &Failure{ID: "…"}) true for every failure with that
// id, whatever its words.
func (f *Failure) Is(other error) bool {
	o, ok := other.(*Failure)
	return ok && o.ID == f.ID
}
