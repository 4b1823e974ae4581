package fetch_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/armature-cnb/armature/internal/download/fetch"
)

// pipes is an in-memory network for a testing/synctest bubble: time passes
// there only while all goroutines wait.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.connections <- server
	return client, nil
}

// inMemory is a client whose every address is that of a server that answers as
// each handler in turn says, and the last one from then on. It is for a bubble.
func inMemory(t *testing.T, handlers ...http.HandlerFunc) *fetch.Client {
	t.Helper()
	network := &pipes{connections: make(chan net.Conn), closed: make(chan struct{})}
	calls := 0
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		handlers[min(calls, len(handlers))-1](w, r)
	})}
	go server.Serve(network)
	client := fetch.New(nil)
	transport := client.HTTP.Transport.(*http.Transport)
	transport.Proxy, transport.DialContext = nil, network.dial
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return client
}

// timed downloads text, and returns how long that took in the bubble.
func timed(t *testing.T, ctx context.Context, client *fetch.Client, text string) (time.Duration, error) {
	t.Helper()
	started := time.Now()
	path := filepath.Join(t.TempDir(), "file")
	err := client.Download(ctx, fetch.File{URL: &url.URL{Scheme: "http", Host: "server.invalid", Path: "/file"}, Checksum: sum(text)}, path)
	if err != nil {
		nothingIn(t, path)
	} else if got, readErr := os.ReadFile(path); readErr != nil || string(got) != text {
		t.Errorf("got %d bytes, %v, want %d", len(got), readErr, len(text))
	}
	return time.Since(started), err
}

// stall sends a part and then nothing more.
func stall(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, content[:5])
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// drip sends a byte at a time.
func drip(every time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := range len(content) {
			io.WriteString(w, content[i:i+1])
			w.(http.Flusher).Flush()
			time.Sleep(every)
		}
	}
}

// busy asks for a later retry.
func busy(retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", retryAfter)
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

func TestDownloadTakesItsTime(t *testing.T) {
	const idle = 30 * time.Second // what New sets
	for _, tc := range []struct {
		name        string
		handlers    []http.HandlerFunc
		least, most time.Duration
	}{
		{name: "no time for a good server", handlers: []http.HandlerFunc{good}},
		{name: "a slow but steady server has as long as it needs", handlers: []http.HandlerFunc{drip(idle - time.Second)}, least: 18 * (idle - time.Second), most: 20 * idle},
		{name: "a silent server is left after the time for silence", handlers: []http.HandlerFunc{stall, good}, least: idle, most: idle + time.Second},
		{name: "a busy server is left alone for as long as it asks", handlers: []http.HandlerFunc{busy("7"), good}, least: 7 * time.Second, most: 7 * time.Second},
		{name: "but not for a day", handlers: []http.HandlerFunc{busy("86400"), good}, least: 20 * time.Second, most: 20 * time.Second},
		{name: "nor for less than the usual pause", handlers: []http.HandlerFunc{busy("0"), good}, least: 500 * time.Millisecond, most: 750 * time.Millisecond},
		{name: "the pause doubles", handlers: []http.HandlerFunc{status(503), status(503), status(503), good}, least: 3500 * time.Millisecond, most: 5250 * time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				took, err := timed(t, context.Background(), inMemory(t, tc.handlers...), content)
				if err != nil {
					t.Fatal(err)
				}
				if took < tc.least || took > tc.most {
					t.Errorf("took %s, want from %s to %s", took, tc.least, tc.most)
				}
			})
		})
	}
}

// Clients that fail together do not come back together. The chance that none of
// 200 waits is near either end is below one in a billion.
func TestNoTwoPausesAreAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shortest, longest := time.Hour, time.Duration(0)
		for range 200 {
			started, tries := time.Now(), 0
			err := fetch.Retrying(t.Context(), time.Second, func() error {
				if tries++; tries == 1 {
					return io.EOF
				}
				return nil
			}, func(error, int) (time.Duration, bool) { return 0, true })
			if err != nil {
				t.Fatal(err)
			}
			took := time.Since(started)
			shortest, longest = min(shortest, took), max(longest, took)
		}
		if shortest < time.Second || shortest > 1100*time.Millisecond || longest < 1400*time.Millisecond || longest > 1500*time.Millisecond {
			t.Errorf("from %s to %s, want from 1 s to 1.5 s", shortest, longest)
		}
	})
}

// What has arrived waits in the connection while the disk is slow.
func TestASlowDiskIsNoSilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := strings.Repeat("0123456789abcdef", 64<<10) // 1 MiB: several steps of Progress
		client := inMemory(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
		client.Attempts = 1
		steps := 0
		client.Progress = func(fetch.File, int64, int64) {
			steps++
			time.Sleep(2 * client.Idle) // between reading and writing, as the disk's time is
		}
		took, err := timed(t, context.Background(), client, text)
		if err != nil || steps < 3 || steps > 8 { // one every 256 KiB or so
			t.Errorf("got %v after %s and %d steps", err, took, steps)
		}
	})
}

func TestDownloadGivesUpOnASilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := timed(t, context.Background(), inMemory(t, stall), content)
		var unreachable *fetch.UnreachableError
		if !errors.As(err, &unreachable) || !strings.Contains(err.Error(), "nothing arrived for 30s") {
			t.Errorf("got %v", err)
		}
	})
}

func TestDownloadEndsWithItsContext(t *testing.T) {
	for _, tc := range []struct {
		name    string
		handler http.HandlerFunc
	}{
		{name: "while it reads", handler: stall},
		{name: "while it waits to try again", handler: busy("20")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
				defer cancel()
				if took, err := timed(t, ctx, inMemory(t, tc.handler), content); err == nil || took != 3*time.Second {
					t.Errorf("got %v after %s", err, took)
				}
			})
		})
	}
}
