package fetch_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/failure"
)

const content = "these are the bytes"

func sum(text string) checksum.Checksum {
	digest := sha256.Sum256([]byte(text))
	return checksum.Checksum{Algorithm: "sha256", Hex: hex.EncodeToString(digest[:])}
}

// quick returns a client with short waits. time_test.go tests time-outs with a
// fake clock, independent of the machine's load.
func quick() *fetch.Client {
	client := fetch.New(nil)
	client.Pause = time.Millisecond
	return client
}

// download fetches address and returns the path that the file should be at.
func download(t *testing.T, client *fetch.Client, address string) (string, error) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "file")
	return path, client.Download(context.Background(), fetch.File{URL: u, Checksum: sum(content)}, path)
}

// nothingIn fails unless the folder of path is empty.
func nothingIn(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("left behind: %s", entry.Name())
	}
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, filepath.Dir(path)+"/") {
			t.Errorf("open still: %s", to)
		}
	}
}

// server answers as each handler in turn says, and the last one from then on.
func server(t *testing.T, handlers ...http.HandlerFunc) (string, *atomic.Int32) {
	t.Helper()
	var calls atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(calls.Add(1))
		handlers[min(n, len(handlers))-1](w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, &calls
}

func good(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, content) }

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// hangUp closes the connection in the middle of the answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "19")
	fmt.Fprint(w, content[:5])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func TestDownloadSurvives(t *testing.T) {
	for _, tc := range []struct {
		name     string
		handlers []http.HandlerFunc
		calls    int32
	}{
		{name: "nothing special", handlers: []http.HandlerFunc{good}, calls: 1},
		{name: "a server that is busy at first", handlers: []http.HandlerFunc{status(503), status(502), good}, calls: 3},
		{name: "a server that wants fewer requests", handlers: []http.HandlerFunc{status(429), good}, calls: 2},
		{name: "a connection that breaks", handlers: []http.HandlerFunc{hangUp, good}, calls: 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			address, calls := server(t, tc.handlers...)
			path, err := download(t, quick(), address)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil || string(got) != content {
				t.Errorf("got %q, %v", got, err)
			}
			if calls.Load() != tc.calls {
				t.Errorf("got %d requests, want %d", calls.Load(), tc.calls)
			}
		})
	}
}

func TestDownloadGivesUpOn(t *testing.T) {
	for _, tc := range []struct {
		name        string
		handler     http.HandlerFunc
		calls       int32
		unreachable bool
		want        string
	}{
		{name: "a server that stays busy", handler: status(503), calls: 4, unreachable: true, want: "503 Service Unavailable"},
		{name: "a server that always hangs up", handler: hangUp, calls: 4, unreachable: true, want: "after 5 bytes: unexpected EOF"},
		{name: "a file that is not there, at once", handler: status(404), calls: 1, want: "404 Not Found"},
		{name: "a file that it may not have, at once", handler: status(403), calls: 1, want: "403 Forbidden"},
		{
			name: "other bytes, at once", calls: 1, want: "got " + sum("other").String() + ", want " + sum(content).String(),
			handler: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "other") },
		},
		{
			name: "too many bytes, at once", calls: 1, want: "more than 1024 bytes",
			handler: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 2000)) },
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			address, calls := server(t, tc.handler)
			client := quick()
			client.MaxBytes = 1024
			path, err := download(t, client, address)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			var unreachable *fetch.UnreachableError
			if errors.As(err, &unreachable) != tc.unreachable {
				t.Errorf("unreachable: got %v, want %v", !tc.unreachable, tc.unreachable)
			}
			if calls.Load() != tc.calls {
				t.Errorf("got %d requests, want %d", calls.Load(), tc.calls)
			}
			nothingIn(t, path)
		})
	}
}

func TestAClosedPortIsUnreachable(t *testing.T) {
	closed := httptest.NewServer(http.HandlerFunc(good))
	closed.Close()
	tls := httptest.NewTLSServer(http.HandlerFunc(good))
	t.Cleanup(tls.Close)
	for _, tc := range []struct{ name, address string }{
		{name: "nobody listens", address: closed.URL},
		{name: "no such name", address: "http://registry.invalid/file"},
		{name: "an authority that is not trusted", address: tls.URL},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path, err := download(t, quick(), tc.address)
			var unreachable *fetch.UnreachableError
			if !errors.As(err, &unreachable) {
				t.Errorf("got %v, want an UnreachableError", err)
			}
			nothingIn(t, path)
		})
	}
}

func TestDownloadTrustsTheRoots(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(good))
	t.Cleanup(s.Close)
	client := fetch.New(s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs)
	if _, err := download(t, client, s.URL); err != nil {
		t.Error(err)
	}
}

func TestDownloadOfALocalFile(t *testing.T) {
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := download(t, quick(), "file://"+source); err != nil {
		t.Error(err)
	}
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == source {
			t.Error("the file is open still")
		}
	}
	_, err = download(t, quick(), "file://"+source+"-not")
	var missing *fetch.StatusError
	if !errors.As(err, &missing) || missing.Status != http.StatusNotFound {
		t.Errorf("got %v, want a StatusError of 404", err)
	}
}

func TestErrorsHoldNoCredentials(t *testing.T) {
	for _, address := range []string{
		"http://user:secret@registry.invalid/file?token=secret",
		"http://user:secret@" + closedAddress(t) + "/file?token=secret",
	} {
		_, err := download(t, quick(), address)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("got %v", err)
		}
	}
}

func TestErrorsHoldNoCredentialsOfARedirect(t *testing.T) {
	for _, location := range []string{
		"http://user:secret@registry.invalid/file?token=secret",
		"http://user:secret@[registry/file?token=secret",
		"ftp://user:secret@registry.invalid/file?token=secret",
	} {
		address, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		})
		_, err := download(t, quick(), address)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", location, err)
		}
	}
}

func TestRedactText(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{`dial tcp 127.0.0.1:80: refused`, `dial tcp 127.0.0.1:80: refused`},
		{`invalid proxy address "http://u:p%w@proxy:3128"`, `invalid proxy address "http://proxy:3128"`},
		{`parse "http://u:p/w@proxy": invalid port ":p" after host`, `parse "http://proxy": invalid port ":p" after host`},
		{`Get https://host/a/@scope/b?sig=abc failed`, `Get https://host/a/@scope/b failed`},
		{`"https://u@one/x?y=z" and 'https://two/?a'`, `"https://one/x" and 'https://two/'`},
	} {
		if got := fetch.RedactText(tc.text); got != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
	}
}

func closedAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestDiskFull(t *testing.T) {
	full := fetch.DiskFull("unpacking", &os.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC})
	if !errors.Is(full, &failure.Failure{ID: "disk-full"}) {
		t.Errorf("got %v", full)
	}
	other := fetch.DiskFull("unpacking", os.ErrPermission)
	if errors.Is(other, &failure.Failure{ID: "disk-full"}) || !errors.Is(other, os.ErrPermission) {
		t.Errorf("got %v", other)
	}
}
