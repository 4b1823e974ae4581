//go:build linux

package integration_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// armature dev serves the folder itself: a file's change is in the answer without a
// build, and a change of package.json makes the image anew.
func TestDevelopmentFollowsTheFolder(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	app := plainApp(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	port := freePort(t)
	cmd := u.command(ctx, "dev", app, "--port", fmt.Sprint(port), "--tag", "followed")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
		cancel() // an app that has ended answers nothing
	}()
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	answers := func(want string) {
		t.Helper()
		for got := ""; got != want; time.Sleep(50 * time.Millisecond) {
			if got = get(ctx, t, address); ctx.Err() != nil {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		u.left.add(u.cache(), app, nil, built{folder: filepath.Join(u.cache(), "images/followed:latest")})
		if t.Failed() {
			t.Log(log.String())
		}
	})

	answers("plain")
	rewrite(t, filepath.Join(app, "server.js"), `"plain"`, `"changed"`)
	answers("changed")
	if n := strings.Count(log.String(), "building again"); n != 0 {
		t.Errorf("a change of server.js made the image %d times again, want 0", n)
	}
	if err := os.WriteFile(filepath.Join(app, "other.js"), []byte(`require("http").createServer((_, r) => r.end("other")).listen(process.env.PORT)`), 0o644); err != nil {
		t.Fatal(err)
	}
	rewrite(t, filepath.Join(app, "package.json"), `node server.js`, `node other.js`)
	answers("other")
	cmd.Process.Signal(syscall.SIGTERM)
	<-ended
	if !strings.Contains(log.String(), "package.json has changed: building again") {
		t.Error("the log lacks the change of package.json")
	}
	if entries, err := os.ReadDir(app); err != nil || len(entries) != 3 {
		t.Errorf("the folder has %v (%v), want the three files alone", entries, err)
	}
}

// rewrite replaces a text in a file in place, as an editor may.
func rewrite(t *testing.T, path, old, by string) {
	t.Helper()
	text := read(t, path)
	if !strings.Contains(text, old) {
		t.Fatalf("%s lacks %q", path, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(text, old, by, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}
