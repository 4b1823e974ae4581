//go:build linux

package images

import (
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
)

// redacted removes the query of addresses from an error's text: registries
// redirect uploads and downloads to signed addresses, which need no password. The
// library redacts them only for reads.
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

// login matches the beginning of an address with a password, which references
// cannot have.
var login = regexp.MustCompile(`^(?:[a-z]+://)?[^/@:]*:([^/@]+)@[^/]+/`)

// Misnamed returns the failure for a text that cannot name an image. It does not
// repeat a password in the text.
func Misnamed(text string, f *failure.Failure) error {
	if found := login.FindStringSubmatch(text); found != nil {
		hide := func(s string) string { return strings.ReplaceAll(s, found[1], "REDACTED") }
		f.Cause, f.Err = hide(f.Cause), errors.New(hide(f.Err.Error()))
		f.Remedy = "log in with docker login, and name the image without a user and a password."
	}
	return f
}
