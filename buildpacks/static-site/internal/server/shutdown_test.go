package server_test

import (
	"bufio"
	"net/http"
	"os"
	"testing"

	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/server"
)

// stopper is an access log that begins to stop the server before the answer goes out.
type stopper struct{ stop func() }

func (s stopper) Write(line []byte) (int, error) {
	s.stop()
	return len(line), nil
}

// A client must not send its next request to a server that stops.
func TestTheLastAnswerEndsTheConnection(t *testing.T) {
	root, err := os.OpenRoot(made(t, map[string]string{"index.html": "hello"}, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, stops := range []bool{false, true} {
		log := stopper{func() {}}
		s, err := server.New(root, server.Options{AccessLog: &log})
		if err != nil {
			t.Fatal(err)
		}
		web, listener := s.HTTP(), fasthttputil.NewInmemoryListener()
		ended := make(chan error, 2)
		go func() { ended <- web.Serve(listener) }()
		connection, err := listener.Dial()
		if err != nil {
			t.Fatal(err)
		}
		if stops {
			log.stop = func() {
				go func() { ended <- web.Shutdown() }()
				for { // the server stops before it closes its listener
					other, err := listener.Dial()
					if err != nil {
						return
					}
					other.Close()
				}
			}
		}
		if _, err := connection.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Close != stops {
			t.Errorf("while it stops: %v: the connection ends: %v", stops, answer.Close)
		}
		connection.Close()
		if !stops {
			go func() { ended <- web.Shutdown() }()
		}
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
}
