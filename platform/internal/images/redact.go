//go:build linux

package images

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
)

// redacted is an error whose text leaves out what the addresses in it ask with:
// a registry sends uploads and downloads to addresses that are signed, and who
// knows one needs no password. The library leaves that out where it reads, and
// not where it writes.
func redacted(err error) error {
	var of *url.Error
	if !errors.As(err, &of) {
		return err
	}
	short := "an address that cannot be read"
	if address, parseErr := url.Parse(of.URL); parseErr == nil {
		if address.RawQuery != "" {
			address.RawQuery = "REDACTED"
		}
		short = address.Redacted()
	}
	if short == of.URL {
		return err
	}
	return &redactedError{text: strings.ReplaceAll(err.Error(), of.URL, short), err: err}
}

type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }

// login is the beginning of an address with a password in it, which no
// reference may have.
var login = regexp.MustCompile(`^(?:[a-z]+://)?[^/@:]*:([^/@]+)@[^/]+/`)

// Misnamed is the failure of a text that cannot name an image. A password in it
// is not repeated.
func Misnamed(text string, f *failure.Failure) error {
	if found := login.FindStringSubmatch(text); found != nil {
		hide := func(s string) string { return strings.ReplaceAll(s, found[1], "REDACTED") }
		f.Cause, f.Err = hide(f.Cause), errors.New(hide(f.Err.Error()))
		f.Remedy = "log in with docker login, and name the image without a user and a password."
	}
	return f
}
