// Package fetch downloads pinned files over HTTP: with time-outs, a size limit
// and bounded retries. It hashes the bytes while they arrive, and leaves a file
// only if the checksum is right.
package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/wholefile"
)

// Time-outs of one attempt. A whole download has none: a slow connection may
// continue while bytes arrive.
const (
	connectTimeout  = 10 * time.Second
	responseTimeout = 30 * time.Second
	idleTimeout     = 30 * time.Second
)

// maxRetryAfter limits a server's Retry-After.
const maxRetryAfter = 20 * time.Second

// maxBytes is far above the size of any Node.js file.
const maxBytes = 512 << 20

// maxRedirects is how many redirects a download follows.
const maxRedirects = 10

// File is what to download.
type File struct {
	URL      *url.URL    // https, http or file; may have credentials, which are never shown
	Header   http.Header // of the request, for example Authorization; may be nil
	Checksum checksum.Checksum
}

// Client downloads files. Get one from [New].
type Client struct {
	HTTP     *http.Client
	Attempts int           // at most, per file
	Pause    time.Duration // before the second attempt; doubles for each further one
	Idle     time.Duration // an attempt ends when no byte arrives for this long
	MaxBytes int64         // a longer answer is an error

	// Progress, if not nil, is called occasionally with the bytes so far,
	// concurrently for concurrent downloads; total is -1 if unknown.
	Progress func(f File, done, total int64)
	// Retry, if not nil, is called before each further attempt.
	Retry func(f File, attempt int, err error)
}

// New returns a client that trusts roots, and takes its proxies from
// HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
func New(roots *x509.CertPool) *Client {
	return &Client{
		HTTP: &http.Client{
			CheckRedirect: CheckRedirect,
			Transport: &http.Transport{
				Proxy:                 http.ProxyFromEnvironment,
				DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
				TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
				TLSHandshakeTimeout:   connectTimeout,
				ResponseHeaderTimeout: responseTimeout,
				ForceAttemptHTTP2:     true,
				DisableCompression:    true,
			},
		},
		Attempts: 4,
		Pause:    time.Second / 2,
		Idle:     idleTimeout,
		MaxBytes: maxBytes,
	}
}

// UnreachableError is the error if a server gave no usable answer: its name
// does not resolve, the connection or TLS fails, it is silent, or it always
// answers 408, 429 or 5xx. The same request may work later or elsewhere.
type UnreachableError struct {
	URL string // without credentials
	Err error
}

func (e *UnreachableError) Error() string { return fmt.Sprintf("downloading %s: %s", e.URL, e.Err) }
func (e *UnreachableError) Unwrap() error { return e.Err }

// StatusError is the error if a server answered, but not with the file.
type StatusError struct {
	URL    string // without credentials
	Status int    // for example 404
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answers %d %s", e.URL, e.Status, http.StatusText(e.Status))
}

// Download puts the file at path, which appears only if its checksum is right.
// Errors are [*UnreachableError], [*StatusError], [*checksum.MismatchError], a
// [failure.Failure] with the id disk-full, and those of the file system.
func (c *Client) Download(ctx context.Context, f File, path string) error {
	attempt := func() error { return c.attempt(ctx, f, path) }
	return Retrying(ctx, c.Pause, attempt, c.again(ctx, f))
}

// again decides for [Retrying] about a further attempt to get a file.
func (c *Client) again(ctx context.Context, f File) func(err error, attempts int) (asked time.Duration, more bool) {
	return func(err error, attempts int) (asked time.Duration, more bool) {
		if attempts >= c.Attempts || !worthRetrying(err, attempts) || ctx.Err() != nil {
			return asked, false
		}
		if c.Retry != nil {
			c.Retry(f, attempts+1, err)
		}
		var after *retryAfterError
		if errors.As(err, &after) {
			asked = after.wait
		}
		return asked, true
	}
}

// worthRetrying reports whether an error may be temporary: a wrong checksum, a
// 404, an unknown name and an untrusted certificate are not. A failed
// connection is tried twice.
func worthRetrying(err error, attempt int) bool {
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) {
		return false
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return false
	}
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		return false
	}
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") {
		return attempt < 2
	}
	return true
}

func (c *Client) attempt(ctx context.Context, f File, path string) error {
	body, total, err := c.open(ctx, f)
	if err != nil {
		return err
	}
	defer body.Close()
	var failed error // of the download, which describes itself
	err = wholefile.Write(path, func(to io.Writer) error {
		failed = c.copy(f, to, body, total)
		return failed
	})
	if err == nil || failed != nil {
		return err
	}
	return DiskFull("downloading "+Redact(f.URL), err)
}

// copy copies and hashes the bytes. Read errors are the server's, write errors
// the disk's.
func (c *Client) copy(f File, to io.Writer, body io.Reader, total int64) error {
	h := f.Checksum.New()
	reader := &meter{Reader: body, report: func(done int64) {
		if c.Progress != nil {
			c.Progress(f, done, total)
		}
	}}
	writer := &writeFault{Writer: to}
	n, err := io.Copy(io.MultiWriter(writer, h), io.LimitReader(reader, c.MaxBytes+1))
	switch {
	case writer.err != nil:
		return DiskFull("downloading "+Redact(f.URL), writer.err)
	case err != nil:
		return &UnreachableError{URL: Redact(f.URL), Err: fmt.Errorf("after %d bytes: %w", n, err)}
	case n > c.MaxBytes:
		return fmt.Errorf("downloading %s: got more than %d bytes, want at most that", Redact(f.URL), c.MaxBytes)
	}
	if got := f.Checksum.Of(h); got != f.Checksum {
		return &checksum.MismatchError{Name: Redact(f.URL), Got: got, Want: f.Checksum}
	}
	return nil
}

// open returns the file's content and its length, or -1.
func (c *Client) open(ctx context.Context, f File) (io.ReadCloser, int64, error) {
	if f.URL.Scheme == "file" {
		return openLocal(f.URL)
	}
	request, err := http.NewRequest(http.MethodGet, f.URL.String(), nil)
	if err != nil {
		return nil, 0, fmt.Errorf("asking for %s: %w", Redact(f.URL), withoutURL(err))
	}
	for name, values := range f.Header {
		request.Header[name] = values
	}
	request.Header.Set("User-Agent", "armature")
	ctx, cancel := context.WithCancelCause(ctx)
	response, err := c.HTTP.Do(request.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return nil, 0, &UnreachableError{URL: Redact(f.URL), Err: withoutURL(err)}
	}
	if err := statusError(f.URL, response); err != nil {
		response.Body.Close()
		cancel(nil)
		return nil, 0, err
	}
	return &watchdog{body: response.Body, idle: c.Idle, cancel: cancel, ctx: ctx}, response.ContentLength, nil
}

func openLocal(u *url.URL) (io.ReadCloser, int64, error) {
	info, err := os.Stat(u.Path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, &StatusError{URL: Redact(u), Status: http.StatusNotFound}
	}
	if err != nil {
		return nil, 0, err
	}
	file, err := os.Open(u.Path)
	return file, info.Size(), err
}

// DiskFull turns an error for a full disk into a [failure.Failure], and wraps
// any other. step names the operation.
func DiskFull(step string, err error) error {
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%s: %w", step, err)
	}
	return &failure.Failure{
		ID:     "disk-full",
		Cause:  "the disk is full: " + step,
		Remedy: "give the build more disk space (Node.js needs about 500 MB while it is installed).",
		Err:    err,
	}
}

// withoutURL removes the address, which may have credentials, from the client's
// error, and credentials from its text.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if err.Error() == "EOF" {
		return fmt.Errorf("the server closed the connection: %w", err)
	}
	return Redacted(err)
}

// Name is the file's name in its address, for the log.
func (f File) Name() string {
	return f.URL.Path[strings.LastIndex(f.URL.Path, "/")+1:]
}
