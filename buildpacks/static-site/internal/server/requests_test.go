package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/server"
)

func TestMethods(t *testing.T) {
	address := serve(t, files, "", server.Options{})
	for _, path := range []string{"/assets/style.css", "/media/film.mp4", "/nothing"} {
		get, head := ask(t, "GET", address, path), ask(t, "HEAD", address, path)
		if head.status != get.status || head.body != "" {
			t.Errorf("HEAD %s: got %d %q, want %d", path, head.status, head.body, get.status)
		}
		get.header.Del("Date")
		head.header.Del("Date")
		if got, want := fmt.Sprint(head.header), fmt.Sprint(get.header); got != want {
			t.Errorf("HEAD %s: got %s, want %s", path, got, want)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
		if got := ask(t, method, address, "/"); got.status != 405 || got.header.Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("%s: got %d, %q", method, got.status, got.header.Get("Allow"))
		}
	}
	if got := ask(t, "OPTIONS", address, "/"); got.status != 204 || got.header.Get("Allow") == "" || got.header.Get("Content-Type") != "" {
		t.Errorf("OPTIONS: got %d, %v", got.status, got.header)
	}
}

// raw sends bytes, and returns the first line of the answer.
func raw(t *testing.T, address, text string) string {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 12)
	if _, err := io.ReadFull(connection, line); err != nil {
		t.Fatal(err)
	}
	return string(line)
}

func TestRequestsThatNoClientSends(t *testing.T) {
	address := serve(t, files, "", server.Options{})
	for _, row := range []struct{ name, text, want string }{
		{"no HTTP", "hello\r\n\r\n", "HTTP/1.1 400"},
		{"a header that is too large", "GET / HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("x", 20<<10) + "\r\n\r\n", "HTTP/1.1 431"},
		{"a body that is too large", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", "HTTP/1.1 413"},
		{"a form that cannot be read", "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=a\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 405"},
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 400"},
		{"the absolute form", "GET http://example.com/about.html HTTP/1.1\r\nHost: example.com\r\n\r\n", "HTTP/1.1 200"},
		{"a path that is no path", "GET about.html HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400"},
		{"dots, not encoded", "GET /assets/../index.html HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := raw(t, address, row.text); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// The second request of a connection may be part of the first one's body, for a
// proxy that reads the first one in another way.
func TestAConnectionEndsAfterABody(t *testing.T) {
	address := serve(t, files, "", server.Options{})
	for _, row := range []struct {
		name, text string
		answers    int
	}{
		{"none", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 2},
		{"a length", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", 1},
		{"a byte", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na", 1},
		{"chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 1},
	} {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		connection.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprint(connection, row.text+"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		text, err := io.ReadAll(connection)
		if got := strings.Count(string(text), "HTTP/1.1 "); got != row.answers {
			t.Errorf("%s: got %d answers, %v, want %d:\n%s", row.name, got, err, row.answers, text)
		}
	}
}

// A file that is not as the index says, or is gone, must not be half an answer.
func TestFilesThatChanged(t *testing.T) {
	dir := made(t, files, "")
	if err := os.WriteFile(filepath.Join(dir, "files/about.html"), []byte("short"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"empty.txt", "media/film.mp4"} {
		if err := os.Remove(filepath.Join(dir, "files", name)); err != nil {
			t.Fatal(err)
		}
	}
	address := start(t, dir, server.Options{})
	for i, path := range []string{"/about.html", "/empty.txt", "/media/film.mp4", "/", "/about.html", "/empty.txt", "/"} {
		want := 500
		if path == "/" {
			want = 200
		}
		got := ask(t, "GET", address, path)
		if got.status != want || want == 500 && (got.body != "500 Internal Server Error\n" || got.header.Get("Etag")+got.header.Get("Cache-Control") != "") {
			t.Errorf("%d: %s: got %d %q, %v", i, path, got.status, got.body, got.header)
		}
	}
}

func TestTheAccessLog(t *testing.T) {
	var log bytes.Buffer
	address := serve(t, files, "", server.Options{AccessLog: &log})
	begin := time.Now()
	ask(t, "GET", address, "/about.html?x=%0a")
	got := log.String()
	_, milliseconds, _ := strings.Cut(strings.TrimSuffix(got, "ms\n"), " 200 13 ")
	if took, err := strconv.ParseFloat(milliseconds, 64); err != nil || took < 0 || took > float64(time.Since(begin).Milliseconds()+1) {
		t.Errorf("got %s ms, %v, for a request of %s", milliseconds, err, time.Since(begin))
	}
	if !strings.Contains(got, ` GET "/about.html?x=%0a" 200 13 `) || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
}
