package server_test

import (
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/server"
)

// watchedListener says which connections are closed.
type watchedListener struct {
	net.Listener
	closed chan struct{}
}

type watchedConn struct {
	*net.TCPConn
	closed chan struct{}
}

func (l watchedListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return watchedConn{connection.(*net.TCPConn), l.closed}, nil
}

func (c watchedConn) Close() error {
	select {
	case c.closed <- struct{}{}:
	default:
	}
	return c.TCPConn.Close()
}

// A client that does not read holds no connection, and one that reads gets all.
func TestAClientThatDoesNotRead(t *testing.T) {
	random := make([]byte, 16<<20) // more than the buffers of a connection
	source := rand.NewChaCha8([32]byte{})
	source.Read(random)
	root, err := os.OpenRoot(made(t, map[string]string{"index.html": "home", "a.mp4": string(random)}, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	s, err := server.New(root, server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	address, _ := bounded(t, s, server.WriteTimeout)
	if got := ask(t, "GET", address, "/a.mp4"); got.status != 200 || got.body != string(random) {
		t.Errorf("got %d and %d bytes, want all", got.status, len(got.body))
	}
	address, closed := bounded(t, s, 50*time.Millisecond)
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, "GET /a.mp4 HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Error("the connection of a client that does not read is open after 20 s, want that it is closed after 50 ms")
	}
}

// bounded serves a site with a limit for writes, and returns the address, and what
// says that a connection is closed.
func bounded(t *testing.T, s *server.Server, limit time.Duration) (address string, closed <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	watched := watchedListener{listener, make(chan struct{}, 1)}
	go s.HTTP().Serve(server.Bound(watched, limit))
	return listener.Addr().String(), watched.closed
}

func TestARuleThatLeadsToItselfIsPassedOver(t *testing.T) {
	address := serve(t, map[string]string{"index.html": "home", "b.html": "b", "_redirects": "/a /a/ 301\n/c/* /c 302\n/a/x /b 302\n/d /d?x=1 302\n/f /f#top 302\n/e y=1 /e 302\n"}, "", server.Options{})
	for path, want := range map[string]int{"/a": 404, "/a/": 404, "/c": 404, "/c/": 404, "/c/d": 302, "/a/x": 302, "/d": 404, "/f": 404, "/e?y=1": 302} {
		if got := ask(t, "GET", address, path); got.status != want {
			t.Errorf("%s: got %d to %q, want %d", path, got.status, got.header.Get("Location"), want)
		}
	}
}
