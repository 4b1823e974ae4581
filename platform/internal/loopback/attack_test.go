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

	"golang.org/x/sys/unix"

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

// send returns the status, or 0 where the connection was closed before all was
// sent, and the answer.
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

// memory is how many bytes were allocated meanwhile.
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
		t.Errorf("got %d", status) // it takes nothing of what others may send
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

// live is how many bytes of memory are in use.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// unfinished sends the beginning of a request, as much of it as is read.
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

// What an upload is called is the guest's choice, too.
func TestUploadsThatFailedAreForgotten(t *testing.T) {
	r, _ := serve(t)
	g := asGuest(t, r)
	var before int64
	for i := range 500 {
		if i == 100 { // whatever ran before this test has ended
			before = live()
		}
		at := fmt.Sprintf("/v2/app/blobs/uploads/%s-%d", strings.Repeat("x", 12<<10), i)
		if status, _ := g.send("PATCH", at, strings.NewReader("x")); status != http.StatusAccepted {
			t.Fatalf("got %d", status)
		}
		if status, _ := g.send("PUT", at+"?digest=sha256:"+strings.Repeat("0", 64), nil); status != http.StatusBadRequest {
			t.Fatalf("got %d", status)
		}
	}
	if took := live() - before; took > 2<<20 {
		t.Errorf("400 of them keep %d MB", took>>20)
	}
}

// A program that is ended may have sent a request that is read after its end.
func TestNoManifestIsWrittenAfterTheEnd(t *testing.T) {
	r, _ := serve(t)
	g := asGuest(t, r)
	if status, text := g.send("PUT", "/v2/app/manifests/latest", strings.NewReader("{}")); status != http.StatusCreated {
		t.Fatalf("got %d, %s", status, text)
	}
	begun, rest := io.Pipe()
	done := make(chan int)
	go func() {
		status, _ := g.send("PUT", "/v2/app/manifests/latest", begun)
		done <- status
	}()
	rest.Write([]byte("{")) // it has begun
	r.End()
	rest.Write([]byte("\"a\":1}"))
	rest.Close()
	if status := <-done; status != http.StatusForbidden {
		t.Errorf("got %d, want %d", status, http.StatusForbidden)
	}
	if status, text := g.send("GET", "/v2/app/manifests/latest", nil); status != http.StatusOK || text != "{}" {
		t.Errorf("got %d, %s, want the first one", status, text)
	}
	if n := r.Manifests(loopback.AppRepository); n != 1 {
		t.Errorf("%d were written, want 1", n)
	}
}

// What is uploaded goes to the disk as it comes.
func TestABlobTakesNoMemory(t *testing.T) {
	r, blobs := serve(t)
	g := asGuest(t, r)
	const size = 200 << 20
	var status int
	took := memory(func() { status, _ = g.send("PATCH", "/v2/app/blobs/uploads/1", io.LimitReader(zeros{}, size)) })
	if status != http.StatusAccepted || took > size/4 {
		t.Errorf("got %d, and %d MB of memory", status, took>>20)
	}
	const digest = "sha256:" + "0000000000000000000000000000000000000000000000000000000000000000"
	if status, _ := g.send("PUT", "/v2/app/blobs/uploads/1?digest="+digest, nil); status != http.StatusBadRequest {
		t.Errorf("of another digest: got %d", status)
	}
	if status, _ := g.send("PATCH", "/v2/app/blobs/uploads/2", strings.NewReader("half")); status != http.StatusAccepted {
		t.Errorf("got %d", status)
	}
	r.Close()
	if err := blobs.Keep(); err != nil {
		t.Fatal(err)
	}
}

func TestTheDiskIsNotFilled(t *testing.T) {
	for _, upload := range []struct{ name, method, path string }{
		{"in parts", "PATCH", "/v2/app/blobs/uploads/1"},
		{"whole", "PUT", "/v2/app/blobs/uploads/1?digest=sha256:" + strings.Repeat("0", 64)},
		{"at once", "POST", "/v2/cache/blobs/uploads/?digest=sha256:" + strings.Repeat("0", 64)},
	} {
		t.Run(upload.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=80m"); err != nil {
				t.Skipf("this test mounts a small disk, which takes root: %v", err)
			}
			defer syscall.Unmount(dir, syscall.MNT_DETACH)
			blobs, err := loopback.OpenBlobs(dir)
			if err != nil {
				t.Fatal(err)
			}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			r := loopback.Serve(listener, blobs)
			defer r.Close()
			g := asGuest(t, r)
			status, text := g.send(upload.method, upload.path, io.LimitReader(zeros{}, 100<<20))
			if status != 0 && (status < 500 || !strings.Contains(text, "no space left on device")) {
				t.Errorf("got %d, %s", status, text)
			}
			if list, _ := os.ReadDir(dir); len(list) != 0 {
				t.Errorf("left over: %v", list)
			}
			var disk unix.Statfs_t
			if err := unix.Statfs(dir, &disk); err != nil || int64(disk.Bavail)*disk.Bsize < 60<<20 {
				t.Errorf("%d bytes are free, %v", int64(disk.Bavail)*disk.Bsize, err)
			}
			// What was given back may be used.
			if status, text := g.send("PATCH", "/v2/app/blobs/uploads/2", io.LimitReader(zeros{}, 10<<20)); status != http.StatusAccepted {
				t.Errorf("a blob that fits: got %d, %s", status, text)
			}
		})
	}
}

func TestUploadsAtOnceHaveANumber(t *testing.T) {
	r, _ := serve(t)
	g := asGuest(t, r)
	accepted, refused := 0, 0
	for i := range 300 {
		switch status, _ := g.send("PATCH", fmt.Sprintf("/v2/app/blobs/uploads/%d", i), strings.NewReader("x")); status {
		case http.StatusAccepted:
			accepted++
		case http.StatusTooManyRequests:
			refused++
		}
	}
	if accepted != 256 || refused != 44 {
		t.Errorf("%d were taken and %d refused, want 256 and 44", accepted, refused)
	}
}

// As the specification has it, of every form of upload.
func TestEveryFormOfUploadGivesTheBlob(t *testing.T) {
	r, blobs := serve(t)
	g := asGuest(t, r)
	const digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" // of "test"
	for _, tc := range []struct {
		name  string
		parts []string
		last  string
	}{{"one part", []string{"test"}, ""}, {"parts", []string{"t", "es"}, "t"}, {"none", nil, "test"}} {
		at, size := "/v2/app/blobs/uploads/"+strings.ReplaceAll(tc.name, " ", "-"), 0
		for _, part := range tc.parts {
			var headers []string
			if size > 0 {
				headers = []string{"Content-Range", fmt.Sprintf("%d-%d", size, size+len(part)-1)}
			}
			if status, text := g.send("PATCH", at, strings.NewReader(part), headers...); status != http.StatusAccepted {
				t.Errorf("%s: got %d, %s", tc.name, status, text)
			}
			size += len(part)
		}
		if size > 0 {
			if status, _ := g.send("PATCH", at, strings.NewReader("x"), "Content-Range", "99-99"); status != http.StatusRequestedRangeNotSatisfiable {
				t.Errorf("%s: a part of elsewhere: got %d", tc.name, status)
			}
		}
		if status, text := g.send("PUT", at+"?digest="+digest, strings.NewReader(tc.last)); status != http.StatusCreated {
			t.Errorf("%s: got %d, %s", tc.name, status, text)
		}
		if status, text := g.send("GET", "/v2/app/blobs/"+digest, nil); status != http.StatusOK || text != "test" {
			t.Errorf("%s: got %d, %q", tc.name, status, text)
		}
		if err := blobs.Keep(); err != nil {
			t.Fatal(err)
		}
	}
}
