package fetch

import (
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// retryAfterError is a temporary status, with the server's Retry-After, or 0.
type retryAfterError struct {
	StatusError
	wait time.Duration
}

func (e *retryAfterError) Unwrap() error { return &e.StatusError }

// statusError is nil for 200. 408, 429 and 5xx are temporary; any other status
// is final.
func statusError(u *url.URL, response *http.Response) error {
	status := StatusError{URL: Redact(u), Status: response.StatusCode}
	switch code := response.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		wait := min(RetryAfter(response.Header), maxRetryAfter)
		return &UnreachableError{URL: Redact(u), Err: &retryAfterError{status, wait}}
	}
	return &status
}

// RetryAfter returns the wait of the header Retry-After, given in seconds or as
// a date; 0 without one.
func RetryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		const most = 24 * time.Hour
		return min(time.Duration(min(max(seconds, 0), int(most/time.Second)))*time.Second, most)
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(time.Until(date), 0)
	}
	return 0
}
