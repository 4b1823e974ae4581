package server_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/server"
)

// bound returns a connection of a bound listener, and what its other end gets until
// the connection is closed.
func bound(t *testing.T) (connection net.Conn, received <-chan []byte) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	all := make(chan []byte, 1)
	go func() {
		defer client.Close()
		text, _ := io.ReadAll(client)
		all <- text
	}()
	if connection, err = server.Bound(listener, time.Minute).Accept(); err != nil {
		t.Fatal(err)
	}
	return connection, all
}

// More than two parts of those that have a limit of their own.
const inParts = 600_000

func TestEverythingOfASourceIsSent(t *testing.T) {
	text := strings.Repeat("0123456789", inParts/10+1)
	for _, tc := range []struct {
		name          string
		source        io.Reader
		count, behind int64 // bytes sent, and left of the limit
	}{
		{"a part of a source", &io.LimitedReader{R: strings.NewReader(text), N: inParts}, inParts, 0},
		{"a part and one byte", &io.LimitedReader{R: strings.NewReader(text), N: 256<<10 + 1}, 256<<10 + 1, 0},
		{"less than a limit", &io.LimitedReader{R: strings.NewReader(text[:1000]), N: 3000}, 1000, 2000},
		{"nothing", &io.LimitedReader{R: strings.NewReader(text)}, 0, 0},
		{"a source without a limit", strings.NewReader(text[:inParts]), inParts, 0},
	} {
		connection, received := bound(t)
		n, err := connection.(io.ReaderFrom).ReadFrom(tc.source)
		connection.Close()
		if n != tc.count || err != nil {
			t.Errorf("%s: got %d, %v, want %d", tc.name, n, err, tc.count)
		}
		if limited, ok := tc.source.(*io.LimitedReader); ok && limited.N != tc.behind {
			t.Errorf("%s: %d are left of the limit, want %d", tc.name, limited.N, tc.behind)
		}
		if got := <-received; string(got) != text[:tc.count] {
			t.Errorf("%s: the client got %d bytes, want %d", tc.name, len(got), tc.count)
		}
	}
}

func TestEverythingIsWritten(t *testing.T) {
	for _, length := range []int{0, 1, 256 << 10, 256<<10 + 1, inParts} {
		text := bytes.Repeat([]byte("x"), length)
		connection, received := bound(t)
		n, err := connection.Write(text)
		connection.Close()
		if n != length || err != nil {
			t.Errorf("%d bytes: got %d, %v", length, n, err)
		}
		if got := <-received; !bytes.Equal(got, text) {
			t.Errorf("%d bytes: the client got %d", length, len(got))
		}
	}
}

// failing is a source that ends with an error.
type failing struct{ io.Reader }

var errSource = errors.New("the disk is on fire")

func (f failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err == io.EOF {
		err = errSource
	}
	return n, err
}

func TestWhatCannotBeSentIsAnError(t *testing.T) {
	connection, received := bound(t)
	if n, err := connection.(io.ReaderFrom).ReadFrom(&io.LimitedReader{R: failing{strings.NewReader("abc")}, N: 10}); n != 3 || !errors.Is(err, errSource) {
		t.Errorf("got %d, %v, want 3 bytes and the error of the source", n, err)
	}
	connection.Close()
	<-received
	if n, err := connection.(io.ReaderFrom).ReadFrom(&io.LimitedReader{R: strings.NewReader("abc"), N: 3}); n != 0 || !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: got %d, %v", n, err)
	}
	if n, err := connection.Write([]byte("abc")); n != 0 || !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: got %d, %v", n, err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if c, err := server.Bound(listener, time.Second).Accept(); c != nil || !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener: got %v, %v", c, err)
	}
}

// A browser must not take the text of an error for something else.
func TestErrorsArePlainText(t *testing.T) {
	address := serve(t, map[string]string{"index.html": "home", "a.txt": "0123456789"}, "", server.Options{})
	for _, tc := range []struct {
		method, path string
		fields       []string
		body         string
	}{
		{"POST", "/", nil, "405 Method Not Allowed\n"},
		{"GET", "/%00", nil, "400 Bad Request\n"},
		{"GET", "/a.txt", []string{`If-Match: "x"`}, "412 Precondition Failed\n"},
		{"GET", "/a.txt", []string{"Range: bytes=10-"}, "416 Requested Range Not Satisfiable\n"},
		{"GET", "/none", nil, "404 Not Found\n"},
	} {
		got := ask(t, tc.method, address, tc.path, tc.fields...)
		if status := strings.TrimSpace(tc.body); !strings.HasPrefix(status, strconv.Itoa(got.status)+" ") || got.body != tc.body {
			t.Errorf("%s %s: got %d and %q, want %q", tc.method, tc.path, got.status, got.body, tc.body)
		}
		for name, want := range map[string]string{"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff", "Etag": ""} {
			if value := got.header.Get(name); value != want {
				t.Errorf("%s %s: got the %s %q, want %q", tc.method, tc.path, name, value, want)
			}
		}
	}
}
