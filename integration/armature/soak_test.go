//go:build linux && soak

package integration_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/armature-cnb/armature/internal/oci"
)

// `make soak` runs this file; CI does not, since it takes long and finds rare
// faults.

const rounds = 20

func TestSoakFourBuildsAtOnce(t *testing.T) {
	u := newUser(t, 0)
	app, other := plainApp(t), plainApp(t)
	if err := os.WriteFile(filepath.Join(other, "server.js"), []byte("process.exit(0)"), 0o644); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{app: u.must(app, "--tag", "warm").digest, other: u.must(other, "--tag", "other").digest}
	if want[app] == want[other] {
		t.Fatal("two apps have one digest")
	}
	begin, failed := time.Now(), 0
	for round := range rounds {
		var all sync.WaitGroup
		var mu sync.Mutex
		for _, call := range [][2]string{{app, "same"}, {app, "same"}, {other, "other"}, {app, fmt.Sprintf("own-%d", round%3)}} {
			all.Go(func() {
				b := u.build(call[0], "--tag", call[1])
				mu.Lock()
				defer mu.Unlock()
				if b.status != 0 || b.digest != want[call[0]] {
					failed++
					t.Errorf("round %d, %s: got status %d, %s, want %s\n%s", round, call[1], b.status, b.digest, want[call[0]], b.log)
				}
			})
		}
		all.Wait()
	}
	t.Logf("%d builds, 4 at once, in %s: %d failed", 4*rounds, time.Since(begin).Round(time.Second), failed)
	nothingLeft(t, u)
}

// place is the destination of a killed call, which may afterwards have nothing,
// or a complete image.
type place struct {
	name  string
	args  []string
	count int // how often it is killed
	found func() (v1.Image, error)
}

func TestSoakKilledCallsLeaveNothing(t *testing.T) {
	adoptOrphans(t)
	if signal.Ignored(os.Interrupt) { // as in the background of a script: calls would inherit that
		ignored := make(chan os.Signal, 1)
		signal.Notify(ignored, os.Interrupt)
		t.Cleanup(func() { signal.Stop(ignored) })
	}
	for name, id := range map[string]int{"root": 0, "an ordinary user": nobody} {
		t.Run(name, func(t *testing.T) {
			u := newUser(t, id)
			killAll(t, u)
		})
	}
}

func killAll(t *testing.T, u *user) {
	app := plainApp(t)
	first := u.build(app, "--tag", "kept")
	if strings.Contains(first.log, "[no-sandbox]") {
		t.Skipf("this machine refuses it: %s", first.log)
	}
	if first.status != 0 {
		t.Fatalf("got status %d\n%s", first.status, first.log)
	}
	want := u.must(app, "--tag", "kept")
	tag, err := name.NewTag(serveRegistry(t, http.Handler.ServeHTTP) + "/team/app:1")
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(u.home, "out")
	layout := func(dir string) func() (v1.Image, error) {
		return func() (v1.Image, error) { return oci.ReadLayout(dir) }
	}
	build := func(args ...string) []string {
		args = append([]string{"build", app}, args...)
		if u.runImage != "" {
			args = append(args, "--run-image", u.runImage)
		}
		return args
	}
	rebase := []string{"rebase", "kept", "--tag", "rebased", "--output", "oci:" + out + "/rebased"}
	if u.runImage != "" {
		rebase = append(rebase, "--run-image", u.runImage)
	}
	for _, p := range []place{
		{"build", build("--tag", "app", "--output", "oci:"+out+"/app"), rounds, layout(out + "/app")},
		{"build to a tar", build("--tag", "tar", "--output", "tar:"+out+"/app.tar"), rounds / 2, func() (v1.Image, error) { return tarball.ImageFromPath(out+"/app.tar", nil) }},
		{"build to a registry", build("--tag", tag.String(), "--output", "registry"), rounds / 2, func() (v1.Image, error) { return remote.Image(tag) }},
		{"rebase", rebase, rounds, layout(out + "/rebased")},
		{"run", []string{"run", "kept", "--port", fmt.Sprint(freePort(t))}, rounds, nil},
	} {
		long, ended := lasts(t, u, p), map[string]int{}
		for i := range p.count {
			end := []syscall.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM}[i%3]
			ended[kill(t, u, p, end, time.Duration(rand.Int64N(int64(long))))]++
		}
		t.Logf("%s, which lasts %s: %d calls, %v", p.name, long.Round(time.Millisecond), p.count, ended)
	}
	if got := u.must(app, "--tag", "kept"); got.digest != want.digest {
		t.Errorf("afterwards: got %s, want %s", got.digest, want.digest)
	}
	for _, p := range [][]string{{"--output", "oci:" + out + "/app"}, {"--output", "tar:" + out + "/app.tar"}} { // calls that clean up after others for the place
		if b := u.build(app, append(p, "--tag", "app")...); b.status != 0 {
			t.Errorf("afterwards: got status %d\n%s", b.status, b.log)
		}
	}
	cmd := u.command(t.Context(), rebase...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("rebasing afterwards: %v\n%s", err, text)
	}
	nothingLeft(t, u)
	if list, err := filepath.Glob(out + "/.*"); err != nil || len(list) != 0 {
		t.Errorf("left over: %v, %v", list, err)
	}
}

// lasts returns the duration of a second, complete call; for one that does not
// end by itself, the time until it has made everything.
func lasts(t *testing.T, u *user, p place) time.Duration {
	t.Helper()
	if p.found == nil {
		return 6 * time.Second
	}
	var took time.Duration
	for range 2 {
		begin := time.Now()
		if text, err := u.command(t.Context(), p.args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", p.name, err, text)
		}
		took = time.Since(begin)
	}
	return took
}

// kill calls armature, sends it a signal at a moment, and says how it ended.
func kill(t *testing.T, u *user, p place, signal syscall.Signal, moment time.Duration) string {
	t.Helper()
	cmd := u.command(t.Context(), p.args...)
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(moment)
	cmd.Process.Signal(signal)
	begin := time.Now()
	cmd.Wait()
	what := fmt.Sprintf("%s, %s after %s", p.name, signal, moment)
	if took := time.Since(begin); took > 15*time.Second {
		t.Errorf("%s: it took %s to end", what, took)
	}
	waitForNone(t, what)
	if mounts := read(t, "/proc/self/mountinfo"); strings.Contains(mounts, u.home) {
		t.Errorf("%s: mounts are left:\n%s", what, mounts)
	}
	if p.found != nil {
		wholeOrAbsent(t, what, p.found)
	}
	status := cmd.ProcessState.ExitCode()
	if wanted := map[int]bool{-1: true, 0: true, 130: true, 128 + int(signal): true, 137: true}; !wanted[status] {
		t.Errorf("%s: got status %d\n%s", what, status, &printed)
	}
	return fmt.Sprintf("status %d", status)
}

func wholeOrAbsent(t *testing.T, what string, found func() (v1.Image, error)) {
	t.Helper()
	image, err := found()
	var answer *transport.Error
	if errors.Is(err, os.ErrNotExist) || errors.As(err, &answer) && answer.StatusCode == 404 {
		return
	}
	if err == nil {
		err = validate.Image(image)
	}
	if err != nil {
		t.Errorf("%s: what was written is not whole: %v", what, err)
	}
}

// nothingLeft checks that calls of armature left nothing in its folder.
func nothingLeft(t *testing.T, u *user) {
	t.Helper()
	if list, err := os.ReadDir(filepath.Join(u.cache(), "work")); err != nil || len(list) != 0 {
		t.Errorf("left over: %v, %v", list, err)
	}
	for _, pattern := range []string{"/.*", "/images/*/*/.*"} {
		hidden, err := filepath.Glob(u.cache() + pattern)
		if err != nil || len(hidden) != 0 {
			t.Errorf("left over: %v, %v", hidden, err)
		}
	}
}
