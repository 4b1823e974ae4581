package fetch

import (
	"net/url"
	"regexp"
)

// Redact returns the address without user name, password and query.
func Redact(u *url.URL) string {
	shown := *u
	shown.User, shown.RawQuery, shown.Fragment = nil, "", ""
	return shown.String()
}

// The parts of an address in a text that may be credentials: user and password,
// in which a slash may occur by mistake, and the query.
var (
	userInfo = regexp.MustCompile(`(://)[^\s"']*[^/\s"']@`)
	query    = regexp.MustCompile(`(://[^?\s"']*)\?[^\s"']*`)
)

// RedactText removes credentials from the addresses in a text. Use it for
// errors of libraries, which quote addresses in full.
func RedactText(text string) string {
	return query.ReplaceAllString(userInfo.ReplaceAllString(text, "$1"), "$1")
}

// redactedError wraps an error and has its text without credentials.
type redactedError struct {
	error
	text string
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.error }

// Redacted returns the error, or one that wraps it without credentials in its
// text.
func Redacted(err error) error {
	text := RedactText(err.Error())
	if text == err.Error() {
		return err
	}
	return &redactedError{err, text}
}
