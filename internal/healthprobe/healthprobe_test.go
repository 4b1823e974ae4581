package healthprobe_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/healthprobe"
)

func portOf(t *testing.T, address net.Addr) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address.String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestAServerIsWellIfItAnswersSo(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := map[string]int{"/ok?a=b": 200, "/moved": 302, "/ill": 503, "/unknown": 404}[r.URL.RequestURI()]
		w.WriteHeader(status)
		io.WriteString(w, strings.Repeat("x", 1<<20))
	}))
	defer server.Close()
	for path, well := range map[string]bool{"/ok?a=b": true, "/moved": true, "/ill": false, "/unknown": false} {
		if err := healthprobe.Probe(portOf(t, server.Listener.Addr()), path, 10*time.Second); (err == nil) != well {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

func TestAServerThatDoesNotAnswerIsIll(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := portOf(t, closed.Addr())
	closed.Close()
	if err := healthprobe.Probe(port, "/", time.Second); err == nil {
		t.Error("nothing listens, and it is well")
	}
	for _, answer := range []string{"", "220 mail ready\r\n", "HTTP/1.1\r\n", "HTTP/1.1 ok\r\n", strings.Repeat("x", 10<<10)} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			io.WriteString(conn, answer)
			if answer == "" {
				time.Sleep(time.Second)
			}
		}()
		if err := healthprobe.Probe(portOf(t, listener.Addr()), "/", 200*time.Millisecond); err == nil {
			t.Errorf("it answers %.20q, and it is well", answer)
		}
		listener.Close()
	}
}

func TestAPathIsWhatARequestCanHave(t *testing.T) {
	for path, ok := range map[string]bool{"/": true, "/a/b?c=d": true, "": false, "a": false, "/a b": false, "/a\r\nX: y": false, "/ä": false, "/" + strings.Repeat("x", 3000): false} {
		if got := healthprobe.IsPath(path); got != ok {
			t.Errorf("%.20q: got %v", path, got)
		}
	}
}
