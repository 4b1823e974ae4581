//go:build linux

package main

import (
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
)

// placedError is an error with its text reordered.
type placedError struct {
	text string
	error
}

func (e *placedError) Error() string { return e.text }
func (e *placedError) Unwrap() error { return e.error }

// inItsPlace returns an error whose text ends with its failure: first other errors,
// then the id, and the operation as part of the cause.
func inItsPlace(err error, f *failure.Failure) error {
	own := f.Error()
	before, after, found := strings.Cut(err.Error(), own)
	if !found {
		return err
	}
	line := strings.LastIndexByte(before, '\n') + 1
	others, doing := before[:line]+strings.TrimPrefix(after, "\n"), before[line:]
	if doing != "" {
		id := "[" + f.ID + "] "
		own = id + doing + strings.TrimPrefix(own, id)
	}
	if others = strings.TrimSpace(others); others != "" {
		own = others + "\n" + own
	}
	return &placedError{own, err}
}
