//go:build linux

// Package integration_test builds real apps with the armature program and the
// real builders, as root and as an ordinary user, without a container engine.
//
// `make integration-armature` makes everything these tests stand on; run from
// elsewhere they are left out.
package integration_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/platform"
)

// nobody is an ordinary user that every system has.
const nobody = 65534

// made is what make passes: the program, and the builders' folder.
var made struct{ program, builders, stack string }

func TestMain(m *testing.M) {
	platform.Reexec()
	made.program, made.builders, made.stack = os.Getenv("ARMATURE"), os.Getenv("ARMATURE_BUILDERS"), os.Getenv("ARMATURE_STACK")
	if made.program == "" || made.builders == "" || made.stack == "" {
		fmt.Fprintln(os.Stderr, "ARMATURE, ARMATURE_BUILDERS and ARMATURE_STACK are not set: run `make integration-armature`, which makes everything first")
		if tier.IsAll() {
			os.Exit(1)
		}
		os.Exit(0)
	}
	for _, id := range []int{0, nobody} {
		home, err := os.MkdirTemp("", "armature-integration-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		homes[id] = home
	}
	status := m.Run()
	for _, home := range homes {
		os.RemoveAll(home)
	}
	os.Exit(status)
}

// homes are those of users by their ids, so that each unpacks the builder once.
var homes = map[int]string{}

// user is somebody who calls armature, with a cache of their own.
type user struct {
	t        *testing.T
	secret   bool // builds are given secrets
	id       int
	home     string
	builders string // what they call the builder
	runImage string
	env      []string // more of their environment
}

// newUser is one with this id; id 0 is whoever runs the tests.
func newUser(t *testing.T, id int) *user {
	t.Helper()
	u := &user{t: t, id: id, home: homes[id], builders: made.builders}
	if id == 0 {
		return u
	}
	if os.Geteuid() != 0 {
		t.Skip("becoming another user takes root")
	}
	for dir := t.TempDir(); len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(u.home, id, id); err != nil {
		t.Fatal(err)
	}
	// What make made as root, only root may be able to read.
	repository := publish(t)
	u.builders, u.runImage = repository+"/builder", repository+"/run:arm64"
	return u
}

// publish serves the builder and the run image for arm64 from a registry.
func publish(t *testing.T) string {
	t.Helper()
	repository := serveRegistry(t, http.Handler.ServeHTTP) + "/armature"
	pushBuilder(t, repository)
	return repository
}

// serveRegistry serves a registry with something around it, and returns its
// address.
func serveRegistry(t *testing.T, around func(registry http.Handler, w http.ResponseWriter, r *http.Request)) string {
	t.Helper()
	inner := registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(t.TempDir())), registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { around(inner, w, r) }))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// pushBuilder writes the builder and the run image for arm64 into a repository.
func pushBuilder(t *testing.T, repository string, options ...remote.Option) {
	t.Helper()
	for reference, image := range map[string]v1.Image{
		repository + "/builder:arm64": layoutImage(t, filepath.Join(made.builders, "linux-arm64-on-"+host(t).Dashed()), host(t)),
		repository + "/run:arm64":     layoutImage(t, filepath.Join(made.stack, "run-arm64"), targets.LinuxARM64),
	} {
		tag, err := name.NewTag(reference)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(tag, image, options...); err != nil {
			t.Fatal(err)
		}
	}
}

func layoutImage(t *testing.T, dir string, platform targets.Target) v1.Image {
	t.Helper()
	image, err := oci.Image(dir, platform)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// command is a call of armature.
func (u *user) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, made.program, args...)
	cmd.Env = append(os.Environ(), "HOME="+u.home, "XDG_CACHE_HOME=", "ARMATURE_BUILDER="+u.builders)
	cmd.Env = append(cmd.Env, u.env...)
	if u.id != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(u.id), Gid: uint32(u.id)}}
	}
	return cmd
}

// built is what a call left.
type built struct {
	folder, digest string // of the image
	log            string
	status         int
}

func (u *user) build(app string, args ...string) built {
	u.t.Helper()
	if u.runImage != "" {
		args = append(args, "--run-image", u.runImage)
	}
	if u.secret {
		secretBuilds.RLock()
		defer secretBuilds.RUnlock()
	}
	cmd := u.command(u.t.Context(), append([]string{"build", app}, args...)...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		u.t.Fatal(err)
	}
	b := built{log: log.String(), status: cmd.ProcessState.ExitCode()}
	b.folder, b.digest, _ = strings.Cut(strings.TrimSpace(out.String()), "@")
	return b
}

// must is a build that has to succeed.
func (u *user) must(app string, args ...string) built {
	u.t.Helper()
	b := u.build(app, args...)
	if b.status != 0 {
		u.t.Fatalf("got status %d\n%s", b.status, b.log)
	}
	return b
}

func (u *user) cache() string { return filepath.Join(u.home, ".cache/armature") }

const express = "../testdata/express"

// plainApp is one without dependencies, which builds fast.
func plainApp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{
		"package.json": `{"name":"plain","version":"1.0.0","scripts":{"start":"node server.js"}}`,
		"server.js":    `require("http").createServer((_, r) => r.end("plain")).listen(process.env.PORT || 3000)`,
	} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestEveryWayAndEveryUserMakesTheSameImage(t *testing.T) {
	root := newUser(t, 0)
	first := root.must(express, "--tag", "app")
	image, err := oci.ReadLayout(first.folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(image); err != nil {
		t.Error(err)
	}
	if digest, _ := image.Digest(); digest.String() != first.digest {
		t.Errorf("the folder holds %s, the program said %s", digest, first.digest)
	}
	again := root.must(express, "--tag", "app")
	if again.digest != first.digest || !strings.Contains(again.log, "Reusing layer 'armature/npm-install:launch-modules'") {
		t.Errorf("again: got %s, want %s, and layers of the first build\n%s", again.digest, first.digest, again.log)
	}
	for _, way := range []string{"mount-namespace", "user-namespace", "chroot"} {
		t.Run(way, func(t *testing.T) {
			b := root.build(express, "--tag", "app-"+way, "--cache-key", "app-"+way, "--sandbox", way)
			if b.status != 0 && strings.Contains(b.log, "[no-sandbox]") {
				t.Skipf("this machine refuses it: %s", b.log)
			}
			if b.status != 0 || b.digest != first.digest {
				t.Errorf("got status %d, %s, want %s\n%s", b.status, b.digest, first.digest, b.log)
			}
		})
	}
	t.Run("an ordinary user", func(t *testing.T) {
		u := newUser(t, nobody)
		b := u.build(express, "--tag", "app", "--output", "tar:"+filepath.Join(u.home, "app.tar"))
		if b.status != 0 && strings.Contains(b.log, "[no-sandbox]") {
			t.Skipf("this machine refuses it: %s", b.log)
		}
		// Only the name of the run image differs: it is in the configuration.
		if b.status != 0 {
			t.Fatalf("got status %d\n%s", b.status, b.log)
		}
		named := root.must(express, "--tag", "app-named", "--run-image", u.runImage)
		if b.digest != named.digest {
			t.Errorf("got %s, want %s", b.digest, named.digest)
		}
		if list, _ := os.ReadDir(filepath.Join(u.cache(), "work")); len(list) != 0 {
			t.Errorf("left over: %v", list)
		}
	})
}

func TestAKilledBuildLeavesNothing(t *testing.T) {
	adoptOrphans(t)
	u := newUser(t, 0)
	app := plainApp(t)
	want := u.must(app, "--tag", "app") // what takes long only once is done
	ways := []string{"", "user-namespace"}
	if os.Geteuid() == 0 {
		ways = append(ways, "chroot")
	}
	for i := range 12 {
		signal := syscall.SIGKILL
		if i%2 == 1 {
			signal = syscall.SIGINT
		}
		args := []string{"build", app, "--tag", fmt.Sprintf("killed-%d", i%3)}
		if way := ways[i%len(ways)]; way != "" {
			args = append(args, "--sandbox", way)
		}
		cmd := u.command(t.Context(), args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		moment := time.Duration(rand.IntN(4000)) * time.Millisecond
		time.Sleep(moment)
		cmd.Process.Signal(signal)
		cmd.Wait()
		waitForNobody(t, fmt.Sprintf("%s after %s", signal, moment))
	}
	if mounts := read(t, "/proc/self/mountinfo"); strings.Contains(mounts, u.home) {
		t.Errorf("mounts are left:\n%s", mounts)
	}
	for _, tag := range []string{"app", "killed-0", "killed-1", "killed-2"} {
		if got := u.must(app, "--tag", tag); got.digest != want.digest {
			t.Errorf("%s afterwards: got %s, want %s", tag, got.digest, want.digest)
		}
	}
	if list, _ := os.ReadDir(filepath.Join(u.cache(), "work")); len(list) != 0 {
		t.Errorf("left over: %v", list)
	}
	if err := u.command(t.Context(), "prune").Run(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(u.cache(), "trash")); err == nil {
		t.Error("something is left in the trash")
	}
}

// Every command begins with a try of the ways to make a sandbox.
func TestACallThatIsKilledWhileItTriesSandboxesLeavesNothing(t *testing.T) {
	u := newUser(t, 0)
	u.home = t.TempDir()
	for i := range 15 {
		cmd := u.command(t.Context(), "doctor")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 20 * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
	}
	if err := u.command(t.Context(), "doctor").Run(); err != nil {
		t.Error(err)
	}
	for _, pattern := range []string{"/.*", "/work/*"} {
		list, err := filepath.Glob(u.cache() + pattern)
		if err != nil || len(list) != 0 {
			t.Errorf("left over: %v, %v", list, err)
		}
	}
}

func TestConcurrentBuildsNeitherFailNorMix(t *testing.T) {
	u := newUser(t, 0)
	app, other := plainApp(t), plainApp(t)
	if err := os.WriteFile(filepath.Join(other, "server.js"), []byte("process.exit(0)"), 0o644); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	digests := make([]string, 4)
	for i, args := range [][]string{{app, "--tag", "same"}, {app, "--tag", "same"}, {app, "--tag", "another"}, {other, "--tag", "different"}} {
		all.Go(func() {
			b := u.build(args[0], args[1:]...)
			if b.status != 0 {
				t.Errorf("%v: got status %d\n%s", args, b.status, b.log)
			}
			digests[i] = b.digest
		})
	}
	all.Wait()
	if digests[0] != digests[1] || digests[0] != digests[2] || digests[0] == digests[3] {
		t.Errorf("got %q, want the first three alike", digests)
	}
}

func TestADamagedCacheCostsTimeAndNothingElse(t *testing.T) {
	u := newUser(t, 0)
	app := plainApp(t)
	want := u.must(app, "--tag", "damaged")
	blobs, _ := filepath.Glob(filepath.Join(u.cache(), "builds/*/blobs/sha256-*"))
	if len(blobs) == 0 {
		t.Fatal("there are no blobs")
	}
	for _, blob := range blobs {
		if err := os.Remove(blob); err != nil {
			t.Fatal(err)
		}
	}
	if got := u.must(app, "--tag", "damaged"); got.digest != want.digest {
		t.Errorf("got %s, want %s", got.digest, want.digest)
	}
}

// The layer of Node.js is made once for a builder, of no app that anybody
// builds, and is the one that a build makes itself where there is none.
func TestTheFirstBuildOfAnAppBeginsWithTheLayerOfNode(t *testing.T) {
	u := newUser(t, 0)
	const reused = "Reusing layer 'armature/node-engine:node'"
	first := u.must(plainApp(t), "--tag", "seeded-one") // folders of their own, with the same in them
	second := u.must(plainApp(t), "--tag", "seeded-two")
	for _, b := range []built{first, second} {
		if !strings.Contains(b.log, reused) {
			t.Errorf("a first build makes the layer of Node.js:\n%s", b.log)
		}
	}
	if strings.Contains(second.log, "once for all builds") {
		t.Errorf("the second app's build makes it again:\n%s", second.log)
	}
	blobs, err := filepath.Glob(filepath.Join(u.cache(), "roots/*-seed-2/sha256-*"))
	if err != nil || len(blobs) == 0 {
		t.Fatal("there are no layers that were made beforehand", err)
	}
	aside, err := os.MkdirTemp(u.home, "seeds-")
	if err != nil {
		t.Fatal(err)
	}
	for i, blob := range blobs {
		place := filepath.Join(aside, strconv.Itoa(i))
		if err := os.Rename(blob, place); err != nil {
			t.Fatal(err)
		}
		defer os.Rename(place, blob) // for the tests that follow
	}
	without := u.must(plainApp(t), "--tag", "seeded-three")
	if strings.Contains(without.log, reused) {
		t.Errorf("a layer is reused that is not there:\n%s", without.log)
	}
	if other := u.must(plainApp(t), "--tag", "seeded-four", "--env", "BP_NODE_OPTIMIZE_MEMORY=true"); strings.Contains(other.log, reused) {
		t.Errorf("a layer is reused that has other settings:\n%s", other.log)
	}
	if first.digest != without.digest || second.digest != without.digest {
		t.Errorf("got %s and %s with the layer, %s without", first.digest, second.digest, without.digest)
	}
}

func TestFailuresHaveAnIDAndAStatus(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	for _, tc := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"no app", []string{t.TempDir(), "--tag", "app"}, 1, "[no-buildpack-applies]"},
		{"no folder", []string{"/nowhere", "--tag", "app"}, 1, "[app-unreadable]"},
		{"a run image of another platform", []string{plainApp(t), "--tag", "app", "--run-image", made.stack + "/run-amd64"}, 1, "[image-platform]"},
		{"a builder for another target", []string{plainApp(t), "--tag", "app", "--platform", "linux/amd64", "--builder", made.builders + "/linux-arm64-on-" + host(t).Dashed()}, 1, "[builder-target]"},
		{"a registry that is not there", []string{plainApp(t), "--tag", "app", "--builder", "127.0.0.1:1/builder"}, 75, "[registry-unreachable]"},
		{"an image that is no builder", []string{plainApp(t), "--tag", "app", "--builder", made.stack + "/build-" + host(t).Arch}, 1, "[not-a-builder]"},
		{"a version that nobody has", []string{plainApp(t), "--tag", "app", "--env", "BP_NODE_VERSION=1.2.3"}, 1, "[node-version-unknown]"},
		{"no tag", []string{plainApp(t)}, 2, "--tag is missing"},
		{"an unknown flag", []string{plainApp(t), "--tga", "app"}, 2, "tga"},
		{"a name that is none", []string{plainApp(t), "--tag", "App"}, 1, "[image-name]"},
		{"a name with a scheme", []string{plainApp(t), "--tag", "https://registry.example.com/app"}, 1, "[image-name]"},
		{"a name that climbs", []string{plainApp(t), "--tag", "example.com/../../app"}, 1, "[image-name]"},
		{"an output that is none", []string{plainApp(t), "--tag", "app", "--output", "zip:x"}, 1, "[output-unknown]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := u.build(tc.args[0], tc.args[1:]...)
			if b.status != tc.status || !strings.Contains(b.log, tc.want) {
				t.Errorf("got status %d, want %d and %q in\n%s", b.status, tc.status, tc.want, b.log)
			}
		})
	}
}

func TestABuildWithoutANetworkReachesNone(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	u.must(plainApp(t), "--tag", "app", "--network", "none") // Node.js is in the builder
	b := u.build(express, "--tag", "express", "--cache-key", "no-network", "--network", "none", "--env", "NPM_CONFIG_FETCH_RETRIES=0")
	if b.status == 0 {
		t.Error("npm installed without a network")
	}
}

func host(t *testing.T) targets.Target {
	t.Helper()
	h, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// descendants are the processes that this one started, or that were left to it
// when who started them ended: everything that a call of armature can leave.
func descendants(t *testing.T) (found []string) {
	t.Helper()
	for { // those that have ended
		if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); pid <= 0 || err != nil {
			break
		}
	}
	parents := map[string]string{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// pid (name) state ppid ...: proc_pid_stat(5)
		after := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		parents[filepath.Base(filepath.Dir(path))] = after[1]
	}
	self := strconv.Itoa(os.Getpid())
	for pid := range parents {
		for at := pid; at != ""; at = parents[at] {
			if parents[at] == self {
				command, _ := os.ReadFile("/proc/" + pid + "/cmdline")
				found = append(found, pid+" "+strings.ReplaceAll(string(command), "\x00", " "))
				break
			}
		}
	}
	return found
}

// adoptOrphans makes this process the parent of those below it whose parent ends.
func adoptOrphans(t *testing.T) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
}

// waitForNobody reports processes that do not end within some seconds.
func waitForNobody(t *testing.T, after string) {
	t.Helper()
	until := time.Now().Add(10 * time.Second)
	for len(descendants(t)) > 0 && time.Now().Before(until) {
		time.Sleep(10 * time.Millisecond)
	}
	if left := descendants(t); len(left) > 0 {
		t.Errorf("%s: still running %q", after, left)
	}
}
