//go:build linux

package loopback_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// The guest chooses an upload's name, too.
func TestUploadsThatFailedAreForgotten(t *testing.T) {
	r, _ := serve(t)
	g := asGuest(t, r)
	var before int64
	for i := range 500 {
		if i == 100 { // earlier tests have ended
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

// The request of an ended program may be read after its end.
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

// Uploads are streamed to the disk.
func TestABlobTakesNoMemory(t *testing.T) {
	r, blobs := serve(t)
	g := asGuest(t, r)
	const size = 64 << 20
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
			// Returned quota may be used again.
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

// As the specification defines it, for every form of upload.
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
