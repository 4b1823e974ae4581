package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/failure"
)

func TestDownloadSaysWhatItTriesAgain(t *testing.T) {
	address, _ := server(t, status(503), hangUp, good)
	client := quick()
	var got []string
	client.Retry = func(f fetch.File, attempt int, err error) {
		got = append(got, fmt.Sprintf("%d %s: %v", attempt, f.Name(), err))
	}
	if _, err := download(t, client, address+"/dist/node.tar.gz"); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !strings.HasPrefix(got[0], "2 node.tar.gz: ") || !strings.Contains(got[0], "503") || !strings.HasPrefix(got[1], "3 node.tar.gz: ") {
		t.Errorf("got %q", got)
	}
}

// A refused connection is tried twice, an unknown name and an untrusted server
// once.
func TestDownloadRetriesOnlyWhatMayPass(t *testing.T) {
	tls := httptest.NewTLSServer(http.HandlerFunc(good))
	t.Cleanup(tls.Close)
	for _, tc := range []struct {
		name, address string
		err           error
		again         int
	}{
		{name: "nobody listens", address: "http://" + closedAddress(t), again: 1},
		{name: "a name that does not exist", err: &net.DNSError{IsNotFound: true}},
		{name: "a name that cannot be looked up", err: &net.DNSError{IsTemporary: true}, again: 3},
		{name: "an authority that is not trusted", address: tls.URL},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client, again := quick(), 0
			client.Retry = func(fetch.File, int, error) { again++ }
			if tc.err != nil {
				tc.address = "http://server.invalid"
				client.HTTP.Transport = failing{tc.err}
			}
			if _, err := download(t, client, tc.address); err == nil || again != tc.again {
				t.Errorf("got %v, tried %d times again, want %d", err, again, tc.again)
			}
		})
	}
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestDownloadAsksForWhatThereIs(t *testing.T) {
	var got *http.Request
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		good(w, r)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	client := fetch.New(s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs)
	if _, err := download(t, client, s.URL); err != nil {
		t.Fatal(err)
	}
	if got.ProtoMajor != 2 {
		t.Errorf("got %s, want HTTP/2, which the server can", got.Proto)
	}
	if encodings := got.Header.Values("Accept-Encoding"); len(encodings) > 0 {
		t.Errorf("it takes the encodings %q: other bytes than the pinned ones", encodings)
	}
	if agent := got.UserAgent(); agent != "armature" {
		t.Errorf("it calls itself %q", agent)
	}
}

func TestDownloadSendsItsHeader(t *testing.T) {
	address, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("Authorization"))
	})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	file := fetch.File{URL: u, Header: http.Header{"Authorization": {"Bearer token"}}, Checksum: sum("Bearer token")}
	if err := quick().Download(t.Context(), file, filepath.Join(t.TempDir(), "file")); err != nil {
		t.Error(err)
	}
}

func TestDownloadReportsHowFarItIs(t *testing.T) {
	address, _ := server(t, good)
	client := quick()
	var done, total int64
	client.Progress = func(_ fetch.File, d, all int64) { done, total = d, all }
	if _, err := download(t, client, address); err != nil {
		t.Fatal(err)
	}
	if want := int64(len(content)); done != want || total != want {
		t.Errorf("at the end: got %d of %d, want %d", done, total, want)
	}
}

func TestDownloadTakesAsManyBytesAsItMay(t *testing.T) {
	address, _ := server(t, good)
	client := quick()
	client.MaxBytes = int64(len(content))
	if _, err := download(t, client, address); err != nil {
		t.Error(err)
	}
	client.MaxBytes--
	if _, err := download(t, client, address); err == nil || !strings.Contains(err.Error(), "more than 18 bytes") {
		t.Errorf("one byte less: got %v", err)
	}
	endless := &body{left: 1 << 30}
	client.HTTP.Transport = &answers{endless}
	if _, err := download(t, client, address); err == nil || endless.read != 19 {
		t.Errorf("far too long: got %v after %d bytes, want an error after 19", err, endless.read)
	}
}

func TestDownloadReportsEvery256KiB(t *testing.T) {
	client := quick()
	client.HTTP.Transport = &answers{{left: 600 << 10}}
	var got []int64
	client.Progress = func(_ fetch.File, done, _ int64) { got = append(got, done) }
	_, err := download(t, client, "http://server.invalid/file")
	if !errors.As(err, new(*checksum.MismatchError)) || strings.Count(err.Error(), "server.invalid") != 1 {
		t.Errorf("got %v, want one that names the file once", err)
	}
	if want := []int64{256 << 10, 512 << 10, 600 << 10}; !slices.Equal(got, want) {
		t.Errorf("got %d, want %d", got, want)
	}
}

func TestLocalErrorsAreNotRetried(t *testing.T) {
	address, calls := server(t, good)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", filepath.Join(folder, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	for _, tc := range []struct {
		name, path, want string
		url              *url.URL
	}{
		{name: "a local file that cannot be opened", path: folder + "/new", url: &url.URL{Scheme: "file", Path: folder + "/socket"}, want: "open "},
		{name: "no folder to download to", path: folder + "/none/file", url: &url.URL{Scheme: "http", Host: strings.TrimPrefix(address, "http://")}, want: "/none/.file-"},
		{name: "a host that is none", path: folder + "/new", url: &url.URL{Scheme: "http", User: url.UserPassword("u", "secret"), Host: "a b"}, want: "asking for http://a%20b"},
		{name: "a local path that is none", path: folder + "/new", url: &url.URL{Scheme: "file", Path: folder + "/file/below"}, want: "not a directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := quick().Download(t.Context(), fetch.File{URL: tc.url, Checksum: sum(content)}, tc.path)
			var unreachable *fetch.UnreachableError
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "secret") || errors.As(err, &unreachable) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
	if calls.Load() > 1 {
		t.Errorf("got %d requests: what does not pass was tried again", calls.Load())
	}
}

// recorder replaces the network, and records what becomes of its
// answer and of the request's context.
type recorder struct {
	status int // 0 for no answer
	ctx    context.Context
	closed bool
}

func (s *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	s.ctx = request.Context()
	if s.status == 0 {
		return nil, errors.New("no answer")
	}
	body := struct {
		io.Reader
		io.Closer
	}{strings.NewReader(content), s}
	return &http.Response{StatusCode: s.status, Body: body, Request: request}, nil
}

func (s *recorder) Close() error { s.closed = true; return nil }

func TestNothingOfADownloadGoesOn(t *testing.T) {
	for _, status := range []int{0, http.StatusOK, http.StatusNotFound} {
		server := &recorder{status: status}
		client := quick()
		client.Attempts, client.HTTP.Transport = 1, server
		_, err := download(t, client, "http://server.invalid/file")
		if (err == nil) != (status == http.StatusOK) {
			t.Errorf("%d: got %v", status, err)
		}
		if server.ctx.Err() == nil {
			t.Errorf("%d: the request's context has not ended", status)
		}
		if !server.closed && status != 0 {
			t.Errorf("%d: the answer is not closed", status)
		}
	}
}

// Only temporary statuses are retried.
func TestWhichStatusIsTriedAgain(t *testing.T) {
	for status, again := range map[int]bool{200: false, 204: false, 304: false, 400: false, 407: false, 408: true, 410: false, 429: true, 499: false, 500: true, 501: true, 599: true} {
		tries := 0
		client := quick()
		client.Attempts, client.HTTP.Transport = 2, &recorder{status: status}
		client.Retry = func(fetch.File, int, error) { tries++ }
		if _, err := download(t, client, "http://server.invalid/file"); (err == nil) != (status == 200) || (tries == 1) != again {
			t.Errorf("%d: got %v, tried again %d times, want it: %v", status, err, tries, again)
		}
	}
}

func TestAServerThatSaysNothing(t *testing.T) {
	address, _ := server(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	client := quick()
	client.Attempts = 1
	if _, err := download(t, client, address); err == nil || !strings.Contains(err.Error(), "the server closed the connection") {
		t.Errorf("got %v", err)
	}
}

func TestAFullDiskIsNotTheServersFault(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("this test mounts a small disk, which takes root: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	address, calls := server(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 1<<20)) })
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "file")
	err = quick().Download(t.Context(), fetch.File{URL: u, Checksum: sum(content)}, path)
	if !errors.Is(err, &failure.Failure{ID: "disk-full"}) || calls.Load() != 1 {
		t.Errorf("got %v after %d requests, want disk-full after one", err, calls.Load())
	}
	nothingIn(t, path)
}
