//go:build linux

package integration_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/emulation"
)

func TestAnImageRunsAndStopsOnASignal(t *testing.T) {
	adoptOrphans(t)
	if host(t) != targets.LinuxARM64 && !emulation.Works(targets.LinuxARM64) {
		t.Skip("this machine has no emulation of linux/arm64")
	}
	for name, id := range map[string]int{"root": 0, "an ordinary user": nobody} {
		t.Run(name, func(t *testing.T) {
			u := newUser(t, id)
			if id != 0 { // no test after this one is this user's; TestMain removes what is left
				t.Cleanup(func() { os.RemoveAll(u.home) })
			}
			folder := filepath.Join(u.home, "running")
			b := u.build(plainApp(t), "--tag", "running", "--output", "oci:"+folder)
			if b.status != 0 && strings.Contains(b.log, "[no-sandbox]") {
				t.Skipf("this machine refuses it: %s", b.log)
			}
			if b.status != 0 {
				t.Fatalf("got status %d\n%s", b.status, b.log)
			}
			port := freePort(t)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := u.command(ctx, "run", folder, "--port", fmt.Sprint(port), "--env", "GREETING=hello")
			out, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			go func() {
				for lines := bufio.NewScanner(out); lines.Scan(); {
					t.Log(lines.Text())
				}
			}()
			if got := get(ctx, t, fmt.Sprintf("http://127.0.0.1:%d", port)); got != "plain" {
				t.Errorf("got %q", got)
			}
			cmd.Process.Signal(syscall.SIGTERM)
			begin := time.Now()
			cmd.Wait()
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("it took %s to stop", took)
			}
			if status := cmd.ProcessState.ExitCode(); status != 143 { // the app does not handle SIGTERM
				t.Errorf("got status %d, want the app's 143", status)
			}
			waitForNone(t, "the end of run")
			if list, _ := os.ReadDir(filepath.Join(u.cache(), "work")); len(list) != 0 {
				t.Errorf("left over: %v", list)
			}
		})
	}
}

func TestARunEndsAsItsProcessDoes(t *testing.T) {
	t.Parallel()
	if host(t) != targets.LinuxARM64 && !emulation.Works(targets.LinuxARM64) {
		t.Skip("this machine has no emulation of linux/arm64")
	}
	u := newUser(t, 0)
	u.must(plainApp(t), "--tag", "ending")
	cmd := u.command(t.Context(), "run", "ending", "--entrypoint", "/cnb/lifecycle/launcher", "--", "--", "node", "-e", "console.log(process.arch, process.getuid()); process.exit(7)")
	out, _ := cmd.Output()
	if got := strings.TrimSpace(string(out)); got != "arm64 1001" || cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("got %q, status %d", got, cmd.ProcessState.ExitCode())
	}
	text, _ := u.command(t.Context(), "run", "ending", "--entrypoint", "worker").CombinedOutput()
	if !strings.Contains(string(text), "[no-process]") {
		t.Errorf("got %s", text)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// get asks until there is an answer: under emulation Node.js takes seconds.
func get(ctx context.Context, t *testing.T, url string) string {
	t.Helper()
	for ctx.Err() == nil {
		answer, err := http.Get(url)
		if err != nil {
			time.Sleep(200 * time.Millisecond)
			continue
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	t.Error(ctx.Err())
	return ""
}
