// Package failure has the errors that an app developer can cause, or can fix:
// each has an id that is stable across releases, one line of cause, and a
// remedy.
package failure

import "fmt"

// Failure is such an error. Print it as it is: Error gives the id, the cause
// and the remedy on lines of their own.
type Failure struct {
	ID     string // lower case, dashed, never reused: "node-version-unknown"
	Cause  string // got and want, in one line; indented lines may list what there is
	Remedy string // what to do, in the imperative; one line, the last that people see
	Err    error  // the wrapped error, or nil; part of the message if not nil

	// Transient marks a failure that may pass by itself, so that the same build
	// may succeed later: a server that is down, for example. See package exit.
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
// id, whatever its text.
func (f *Failure) Is(other error) bool {
	o, ok := other.(*Failure)
	return ok && o.ID == f.ID
}
