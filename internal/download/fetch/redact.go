package fetch

import (
	"net/url"
	"regexp"
)

// Redact is the address without user name, password and query.
func Redact(u *url.URL) string {
	shown := *u
	shown.User, shown.RawQuery, shown.Fragment = nil, "", ""
	return shown.String()
}

// What may be a credential in an address within other text: user and password,
// in which a slash may stand by mistake, and the query.
var (
	userInfo = regexp.MustCompile(`(://)[^\s"']*[^/\s"']@`)
	query    = regexp.MustCompile(`(://[^?\s"']*)\?[^\s"']*`)
)

// RedactText is a text without the credentials of the addresses in it. It is
// for what libraries say, who quote addresses as they are.
func RedactText(text string) string {
	return query.ReplaceAllString(userInfo.ReplaceAllString(text, "$1"), "$1")
}

// redactedError says what another error does, without credentials.
type redactedError struct {
	error
	text string
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.error }

// Redacted returns the error, or one that wraps it and has no credentials in
// its text.
func Redacted(err error) error {
	text := RedactText(err.Error())
	if text == err.Error() {
		return err
	}
	return &redactedError{err, text}
}
