package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/armature-cnb/armature/internal/download/fetch"
)

// Size limits of downloads, in bytes. Each is several times today's size.
const (
	maxIndexBytes    = 16 << 20
	maxScheduleBytes = 1 << 20
	maxListBytes     = 256 << 10
	maxKeyBytes      = 1 << 20
	maxPackumentSize = 64 << 20
	maxTarballBytes  = 512 << 20
)

// Fetcher reads http(s) URLs, file:// URLs and plain folders. It is safe for
// concurrent use.
type Fetcher struct {
	Client  *http.Client
	Timeout time.Duration // of one request, its body included
	Retries int           // after the first attempt, on 429, 5xx and broken connections
	Backoff time.Duration // before the first retry; doubles with each
	Cache   *Cache        // nil for none

	requests  atomic.Int64
	unchanged atomic.Int64 // answered by "304 Not Modified"
	bodies    atomic.Int64 // bytes of answers' bodies
	wire      atomic.Int64 // bytes read from connections, headers and TLS included
}

// NewFetcher returns a Fetcher that counts what it reads from the network.
func NewFetcher(timeout, backoff time.Duration, cache *Cache) *Fetcher {
	f := &Fetcher{Timeout: timeout, Retries: 3, Backoff: backoff, Cache: cache}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &countingConn{Conn: conn, read: &f.wire}, nil
	}
	f.Client = &http.Client{Transport: transport, CheckRedirect: checkRedirect}
	return f
}

// checkRedirect refuses redirects from https to http, since downloads decide on
// pins, and keeps credentials at their origin.
func checkRedirect(request *http.Request, via []*http.Request) error {
	if via[len(via)-1].URL.Scheme == "https" && request.URL.Scheme != "https" {
		return fmt.Errorf("a redirect leads from https to %s", redacted(request.URL.String()))
	}
	return fetch.CheckRedirect(request, via)
}

type countingConn struct {
	net.Conn
	read *atomic.Int64
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// StatusError is a status other than 200. It matches fs.ErrNotExist for 404 and
// 410.
type StatusError struct {
	Where  string // the URL, without credentials
	Status int
	after  time.Duration // Retry-After, 0 when not given
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: got status %d, want 200", e.Where, e.Status)
}

// Is makes errors.Is(err, fs.ErrNotExist) true for 404 and 410.
func (e *StatusError) Is(other error) bool {
	return other == fs.ErrNotExist && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}

func (e *StatusError) temporary() bool {
	return e.Status == http.StatusTooManyRequests || e.Status >= 500
}

// At joins a base (URL or folder) and a relative path with slashes.
func At(base, rel string) string {
	if u, ok := webURL(base); ok {
		return u.JoinPath(rel).String()
	}
	if folder, found := strings.CutPrefix(base, "file://"); found {
		base = folder
	}
	return filepath.Join(base, filepath.FromSlash(rel))
}

// redacted returns a location without possible credentials: user, password
// (either may be a token) and query.
func redacted(location string) string {
	u, ok := webURL(location)
	if !ok {
		return fetch.RedactText(location)
	}
	return fetch.Redact(u)
}

func webURL(s string) (*url.URL, bool) {
	u, err := url.Parse(s)
	return u, err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// Get returns the content at the location; more than max bytes are an error. A
// missing location matches fs.ErrNotExist.
func (f *Fetcher) Get(ctx context.Context, location string, max int64) ([]byte, error) {
	var body []byte
	err := f.retrying(ctx, func() error {
		var err error
		body, err = f.getOnce(ctx, location, max)
		return err
	})
	return body, err
}

// Stream passes the content at the location to the function, and calls it again
// if the connection breaks. It never uses the cache. The time-out is for
// everything, and replaces the Fetcher's.
func (f *Fetcher) Stream(ctx context.Context, location string, max int64, timeout time.Duration, use func(io.Reader) error) error {
	return f.retrying(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		body, err := f.open(ctx, location, nil)
		if err != nil {
			return err
		}
		defer body.Close()
		return use(&cappedReader{r: body, left: max, where: redacted(location)})
	})
}

func (f *Fetcher) retrying(ctx context.Context, attempt func() error) error {
	return fetch.Retrying(ctx, f.Backoff, attempt, func(err error, attempts int) (asked time.Duration, more bool) {
		var status *StatusError
		if errors.As(err, &status) {
			asked = min(status.after, 30*time.Second)
		}
		return asked, attempts <= f.Retries && temporary(err)
	})
}

// temporary reports whether to retry. It does not retry a time-out: a server
// that stalled for that long is likely to stall again.
func temporary(err error) bool {
	var status *StatusError
	if errors.As(err, &status) {
		return status.temporary()
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var network *net.OpError
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF)
}

func (f *Fetcher) getOnce(ctx context.Context, location string, max int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	var entry *cacheEntry
	if _, web := webURL(location); web {
		entry = f.Cache.entry(location)
	}
	body, err := f.open(ctx, location, entry)
	if errors.Is(err, errNotModified) {
		return entry.body, nil
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	text, err := io.ReadAll(&cappedReader{r: body, left: max, where: redacted(location)})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", redacted(location), err)
	}
	return text, entry.keep(text)
}

var errNotModified = errors.New("not modified")

// open starts reading a location. With a cache entry, it revalidates and
// returns errNotModified if the entry is still valid; otherwise it records the
// new validators in the entry.
func (f *Fetcher) open(ctx context.Context, location string, entry *cacheEntry) (io.ReadCloser, error) {
	if _, web := webURL(location); !web {
		if strings.Contains(location, "://") && !strings.HasPrefix(location, "file://") {
			return nil, fmt.Errorf("got the location %s, want a folder or an address that begins with https://, http:// or file://", redacted(location))
		}
		return os.Open(At(location, ""))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "armature-noderelease")
	entry.ask(request.Header)
	f.requests.Add(1)
	response, err := f.Client.Do(request)
	if err != nil {
		return nil, withoutCredentials(err)
	}
	if response.StatusCode == http.StatusNotModified && entry.usable() {
		response.Body.Close()
		f.unchanged.Add(1)
		return nil, errNotModified
	}
	if response.StatusCode != http.StatusOK {
		io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be reused
		response.Body.Close()
		return nil, &StatusError{Where: redacted(location), Status: response.StatusCode, after: fetch.RetryAfter(response.Header)}
	}
	entry.note(response.Header)
	return &countingBody{ReadCloser: response.Body, read: &f.bodies}, nil
}

// withoutCredentials removes credentials from a *url.Error, which itself omits
// only the password, and from its wrapped error, which may quote an address,
// too.
func withoutCredentials(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		u.URL, u.Err = redacted(u.URL), fetch.Redacted(u.Err)
	}
	return err
}

type countingBody struct {
	io.ReadCloser
	read *atomic.Int64
}

func (c *countingBody) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// cappedReader returns an error, not EOF, above its limit.
type cappedReader struct {
	r     io.Reader
	left  int64
	where string
}

func (c *cappedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, fmt.Errorf("%s is larger than what is read of such a file", c.where)
	}
	return n, err
}
