package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/assemble"
	"github.com/armature-cnb/armature/internal/testing/testprogram"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// program is the server as it ships.
var program = testprogram.Program{Source: "."}

func TestMain(m *testing.M) {
	status := program.Main(m)
	os.RemoveAll(site)
	os.Exit(status)
}

// made is the folder of a site with a page, and with a file that takes long to
// send to somebody who does not read. It is made once for all tests.
func made(t *testing.T) string {
	t.Helper()
	making.Do(func() { site = makeSite(t) })
	return site
}

var (
	making sync.Once
	site   string
)

func makeSite(t *testing.T) string {
	t.Helper()
	source := t.TempDir()
	dir, err := os.MkdirTemp("", "static-server-test-")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"index.html": "home", "large.mp4": strings.Repeat("0123456789abcdef", 4<<20)} {
		if err := os.WriteFile(filepath.Join(source, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	scan, err := assemble.Open(source, assemble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer scan.Close()
	if _, err := scan.Write(dir, ""); err != nil {
		t.Fatal(err)
	}
	return dir
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// server starts the program, and waits until it listens.
func server(t *testing.T, folder string, env ...string) (cmd *exec.Cmd, address string, stdout *bytes.Buffer) {
	t.Helper()
	port := freePort(t)
	cmd, stdout = exec.Command(program.Path(t), folder), &bytes.Buffer{}
	cmd.Env, cmd.Stdout = append(env, "PORT="+port), stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if want := "static-server: serving the site on port " + port + "\n"; err != nil || line != want {
		t.Fatalf("got %q, %v, want %q", line, err, want)
	}
	return cmd, "127.0.0.1:" + port, stdout
}

func TestItServesAndEnds(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		cmd, address, stdout := server(t, made(t), "BPL_STATIC_ACCESS_LOG=true", "BPL_STATIC_HEALTH_PATH=/up")
		for path, want := range map[string]int{"/": 200, "/up": 200, "/healthz": 404} {
			response, err := http.Get("http://" + address + path) // stays connected
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%s: got %d, want %d", path, response.StatusCode, want)
			}
		}
		begin := time.Now()
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: got %v, want 0", signal, err)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s: it ended after %s", signal, took)
		}
		if strings.Count(stdout.String(), "\n") != 3 {
			t.Errorf("got the access log %q", stdout.String())
		}
	}
}

// slowly asks for the large file, and reads the beginning of the answer.
func slowly(t *testing.T, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	fmt.Fprintf(connection, "GET /large.mp4 HTTP/1.1\r\nHost: x\r\n\r\n")
	reader := bufio.NewReader(connection)
	if line, err := reader.ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	return connection, reader
}

func TestItFinishesAnAnswer(t *testing.T) {
	t.Parallel()
	cmd, address, _ := server(t, made(t))
	_, reader := slowly(t, address)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader("HTTP/1.1 200 OK\r\n"), reader)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, response.Body); err != nil || n != 64<<20 {
		t.Errorf("got %d bytes, %v", n, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want 0", err)
	}
}

func TestItDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	tier.Beyond(t, "8 seconds of waiting")
	cmd, address, _ := server(t, made(t))
	slowly(t, address) // and read no further
	begin := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if took := time.Since(begin); took < 7*time.Second || took > 20*time.Second || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("got %v after %s, want 1 after 8 s", err, took)
	}
}

func TestWhatItRefuses(t *testing.T) {
	site := made(t)
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	for _, row := range []struct {
		name   string
		args   []string
		env    string
		status int
		says   string
	}{
		{"no folder", nil, "", 64, "got 0 arguments, want the folder of a site"},
		{"a port that is none", []string{site}, "PORT=http", 64, `[static-server-setting-invalid] PORT is "http", want a number from 1 to 65535`},
		{"port 0", []string{site}, "PORT=0", 64, "[static-server-setting-invalid]"},
		{"a health path without a slash", []string{site}, "BPL_STATIC_HEALTH_PATH=up", 64, "[static-server-setting-invalid]"},
		{"a switch that is none", []string{site}, "BPL_STATIC_ACCESS_LOG=ja", 64, "[static-server-setting-invalid]"},
		{"a folder of something else", []string{t.TempDir()}, "", 1, "has no index.json"},
		{"a port that is taken", []string{site}, "PORT=" + port, 1, "[static-server-port-unusable] the server cannot listen on port " + port},
	} {
		t.Run(row.name, func(t *testing.T) {
			cmd := exec.Command(program.Path(t), row.args...)
			cmd.Env = []string{row.env}
			output, _ := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != row.status || !strings.Contains(string(output), row.says) {
				t.Errorf("got %d, %s", cmd.ProcessState.ExitCode(), output)
			}
		})
	}
}
