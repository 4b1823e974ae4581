package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/assemble"
)

// What the server has to reach, as a part of what nginx does in the same run.
const (
	leastRequests = 0.7
	mostLatency   = 1.5 // of the slowest hundredth
)

// How a measurement is made: servers take turns, so that what else runs on the
// machine meets both.
const (
	rounds      = 40
	roundTime   = 250 * time.Millisecond
	connections = 16
)

// BenchmarkAgainstNginx sends the same requests to the server and to Debian's
// nginx, over loopback, for a file of 1 kB and one of 100 kB that both have as gzip.
// `make bench-static` runs it.
func BenchmarkAgainstNginx(b *testing.B) {
	source, dir := b.TempDir(), b.TempDir()
	for name, size := range map[string]int{"1k.js": 1000, "100k.js": 100_000} {
		if err := os.WriteFile(filepath.Join(source, name), words(size), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	scan, err := assemble.Open(source, assemble.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer scan.Close()
	if _, err := scan.Write(dir, ""); err != nil {
		b.Fatal(err)
	}
	servers := []served{startNginx(b, dir), startOurs(b, dir)}
	for _, name := range []string{"1k.js", "100k.js"} {
		b.Run(name, func(b *testing.B) {
			var rates, slowest [2][]float64
			for range rounds {
				for i, server := range servers {
					rate, slow := load(b, server.address, "/"+name)
					rates[i], slowest[i] = append(rates[i], rate), append(slowest[i], slow.Seconds()*1e3)
				}
			}
			for i, server := range servers {
				b.Logf("%s from %s: %.0f requests/s, 99 %% within %.2f ms", name, server.name, middle(rates[i]), middle(slowest[i]))
			}
			requests, latency := middle(rates[1])/middle(rates[0]), middle(slowest[1])/middle(slowest[0])
			b.ReportMetric(requests, "of-nginx's-requests")
			b.ReportMetric(latency, "of-nginx's-p99")
			b.ReportMetric(0, "ns/op")
			if requests < leastRequests || latency > mostLatency {
				b.Errorf("got %.2f of nginx's requests and %.2f of its p99, want %.1f at least and %.1f at most", requests, latency, leastRequests, mostLatency)
			}
		})
	}
}

// words is a script of some size that compresses to three quarters.
func words(size int) []byte {
	text, x := make([]byte, size), uint32(1)
	for i := range text {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		text[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[x>>8&63]
	}
	return text
}

func middle(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

type served struct{ name, address string }

func startOurs(b *testing.B, dir string) served {
	b.Helper()
	port := freePort(b)
	cmd := exec.Command(program.Path(b), dir)
	cmd.Env = []string{"PORT=" + port}
	return begin(b, cmd, "static-server", port)
}

// startNginx serves the files with their compressed forms beside them, as nginx
// wants them.
func startNginx(b *testing.B, dir string) served {
	b.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		b.Fatalf("%v: apt-get install nginx-light", err)
	}
	work, port := b.TempDir(), freePort(b)
	for _, name := range []string{"1k.js", "100k.js"} {
		for from, to := range map[string]string{"files/" + name: name, "gzip/" + name: name + ".gz"} {
			text, err := os.ReadFile(filepath.Join(dir, from))
			if err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(work, to), text, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	for at := work; len(at) > len(os.TempDir()); at = filepath.Dir(at) { // for its own user
		if err := os.Chmod(at, 0o755); err != nil {
			b.Fatal(err)
		}
	}
	config := filepath.Join(work, "nginx.conf")
	text := fmt.Sprintf(`worker_processes auto; daemon off; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 512; }
http { types { text/javascript js; } access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  server { listen %[2]s; root %[1]s; gzip_static on; etag on; add_header Cache-Control "public, max-age=31536000, immutable"; } }
`, work, port)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	return begin(b, exec.Command(path, "-c", config), "nginx", port)
}

// begin starts a server and waits until it listens.
func begin(b *testing.B, cmd *exec.Cmd, name, port string) served {
	b.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() })
	address := "127.0.0.1:" + port
	for range 100 {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			return served{name, address}
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.Fatalf("%s does not listen: %s", name, &stderr)
	return served{}
}

// load sends requests over some connections for a while. It returns how many were
// answered in a second, and in what time 99 of 100 were.
func load(b *testing.B, address, path string) (rate float64, slow time.Duration) {
	b.Helper()
	var (
		all   []time.Duration
		mu    sync.Mutex
		group sync.WaitGroup
	)
	until := time.Now().Add(roundTime)
	for range connections {
		group.Go(func() {
			took, err := requests(address, path, until)
			if err != nil {
				b.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
		})
	}
	group.Wait()
	if len(all) == 0 {
		b.Fatal("there is no answer")
	}
	slices.Sort(all)
	return float64(len(all)) / roundTime.Seconds(), all[len(all)*99/100]
}

// requests sends requests over one connection, one after the other.
func requests(address, path string, until time.Time) (took []time.Duration, err error) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")
	reader := bufio.NewReaderSize(connection, 64<<10)
	for time.Now().Before(until) {
		begin := time.Now()
		if _, err := connection.Write(request); err != nil {
			return took, err
		}
		if err := readAnswer(reader); err != nil {
			return took, err
		}
		took = append(took, time.Since(begin))
	}
	return took, nil
}

// readAnswer reads an answer, which must be a 200 in gzip, without allocating.
func readAnswer(reader *bufio.Reader) error {
	length, packed := 0, false
	for first := true; ; first = false {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.Contains(line, []byte(" 200 ")) {
			return fmt.Errorf("got %q", line)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		if name, value, _ := strings.Cut(string(line), ":"); strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		} else if strings.EqualFold(name, "Content-Encoding") {
			packed = true
		}
	}
	if !packed || length == 0 {
		return fmt.Errorf("got %d bytes, compressed: %t", length, packed)
	}
	_, err := io.CopyN(io.Discard, reader, int64(length))
	return err
}
