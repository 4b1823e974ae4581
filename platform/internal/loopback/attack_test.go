//go:build linux

package loopback_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// guest sends requests with the password that scripts of the app can read.
type guest struct {
	t               *testing.T
	address, header string
}

func asGuest(t *testing.T, r *loopback.Registry) guest {
	t.Helper()
	auth, err := r.Auth()
	if err != nil {
		t.Fatal(err)
	}
	var headers map[string]string
	if err := json.Unmarshal([]byte(auth), &headers); err != nil {
		t.Fatal(err)
	}
	address, _, _ := strings.Cut(r.Reference("x"), "/")
	return guest{t, address, headers[address]}
}

// send returns the status and the answer; 0 if the connection was closed before
// everything was sent.
func (g guest) send(method, path string, body io.Reader, headers ...string) (int, string) {
	g.t.Helper()
	request, err := http.NewRequest(method, "http://"+g.address+path, body)
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Authorization", g.header)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// memory returns the bytes allocated by do.
func memory(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestAManifestHasASize(t *testing.T) {
	r, _ := serve(t)
	g := asGuest(t, r)
	for _, tc := range []struct {
		name string
		body io.Reader
		want int
	}{
		{"of four megabytes", bytes.NewReader(make([]byte, 4<<20)), http.StatusCreated},
		{"of a byte more", bytes.NewReader(make([]byte, 4<<20+1)), http.StatusRequestEntityTooLarge},
		{"of a length that it does not say", io.LimitReader(zeros{}, 256<<20), http.StatusRequestEntityTooLarge},
	} {
		var status int
		var text string
		took := memory(func() { status, text = g.send("PUT", "/v2/app/manifests/big", tc.body) })
		if status != tc.want && !(status == 0 && tc.want != http.StatusCreated) {
			t.Errorf("%s: got %d, %s, want %d", tc.name, status, text, tc.want)
		}
		if took > 64<<20 {
			t.Errorf("%s: it took %d MB of memory", tc.name, took>>20)
		}
	}
	if status, _ := g.send("GET", "/v2/app/manifests/big", nil); status != http.StatusOK {
		t.Errorf("the last one that was taken: got %d", status)
	}
}

func TestManifestsTogetherHaveASizeToo(t *testing.T) {
	r, _ := serve(t)
	g := asGuest(t, r)
	if status, _ := g.send("PUT", "/v2/app/manifests/refused", bytes.NewReader(make([]byte, 4<<20+1))); status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", status) // it uses none of the others' quota
	}
	accepted := 0
	for i := range 18 {
		body := make([]byte, 4<<20)
		body[0] = byte(i)
		if status, _ := g.send("PUT", fmt.Sprintf("/v2/app/manifests/%d", i), bytes.NewReader(body)); status == http.StatusCreated {
			accepted++
		}
	}
	if accepted != 15 {
		t.Errorf("%d manifests of 4 MB with their names were taken, want 15 in 64 MB", accepted)
	}
	for i, long := 0, strings.Repeat("x", 12<<10); ; i++ {
		if status, _ := g.send("PUT", fmt.Sprintf("/v2/app/%s/manifests/%d", long, i), strings.NewReader("{}")); status == http.StatusRequestEntityTooLarge {
			break
		} else if status != http.StatusCreated || i > 4<<20/len(long) {
			t.Fatalf("a manifest with a long name: got %d, want %d in the end", status, http.StatusRequestEntityTooLarge)
		}
	}
}

// live returns the bytes of memory in use.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// unfinished sends the beginning of a request, as far as the server reads it.
func (g guest) unfinished(begin string, bytes int64) {
	g.t.Helper()
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { conn.Close() })
	conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, err = io.Copy(conn, io.MultiReader(strings.NewReader(begin), io.LimitReader(zeros{}, bytes)))
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		g.t.Fatal(err)
	}
}

func TestRequestsThatDoNotEndTakeNoMemory(t *testing.T) {
	for _, tc := range []struct {
		name, begin string
		bytes, most int64
	}{
		{"manifests", "PUT /v2/app/manifests/x HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: 4194304\r\n\r\n", 4<<20 - 1, 128 << 20},
		{"headers", "GET /v2/ HTTP/1.1\r\nHost: x\r\nX-%.3s: ", 900 << 10, 16 << 20},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, _ := serve(t)
			g := asGuest(t, r)
			before := live()
			for range 64 {
				g.unfinished(fmt.Sprintf(tc.begin, g.header), tc.bytes)
			}
			if took := live() - before; took > tc.most {
				t.Errorf("64 of them take %d MB, want at most %d", took>>20, tc.most>>20)
			}
		})
	}
}
