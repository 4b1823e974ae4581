//go:build linux

package integration_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

// nobody is an unprivileged user on every system.
const nobody = 65534

// homes are those of users by their ids, so that each unpacks the builder once.
var homes = map[int]string{}

// user calls armature with its own cache.
type user struct {
	t        *testing.T
	secret   bool // builds have secrets
	id       int
	home     string
	builders string // the value of --builder
	runImage string
	env      []string // additional environment
	left     *leavings
}

// in is the user in a subtest, which alone fails for what fails in it.
func (u *user) in(t *testing.T) *user {
	inner := *u
	inner.t, inner.left = t, newLeavings(t)
	return &inner
}

// newUser returns the user with this id; id 0 is the user that runs the tests.
func newUser(t *testing.T, id int) *user {
	t.Helper()
	u := &user{t: t, id: id, home: homes[id], builders: made.builders, left: newLeavings(t)}
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
	if err := errors.Join(os.MkdirAll(u.home, 0o700), os.Chown(u.home, id, id)); err != nil {
		t.Fatal(err)
	}
	// Files that make made as root may be readable only for root.
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
	dir := t.TempDir()
	inner := registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(dir)), registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { around(inner, w, r) }))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	blobFolders.Store(address, dir)
	return address
}

// blobFolders are the folders with the blobs of registries, by address.
var blobFolders sync.Map

// linkBlobs gives a registry the blobs of a layout without copies: pushing the
// image then pushes its manifest only.
func linkBlobs(t *testing.T, repository, layout string) {
	t.Helper()
	address, _, _ := strings.Cut(repository, "/")
	folder, ok := blobFolders.Load(address)
	if !ok {
		t.Fatalf("%s is no registry of a test", address)
	}
	dir := filepath.Join(folder.(string), "sha256")
	blobs, err := filepath.Glob(filepath.Join(layout, "blobs/sha256/*"))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	for _, blob := range blobs {
		var absolute string
		if err == nil {
			absolute, err = filepath.Abs(blob)
		}
		if err == nil {
			err = os.Symlink(absolute, filepath.Join(dir, filepath.Base(blob)))
		}
	}
	if err != nil || len(blobs) == 0 {
		t.Fatalf("%s has %d blobs, %v", layout, len(blobs), err)
	}
}

// pushBuilder writes the builder and the run image for arm64 into a repository.
func pushBuilder(t *testing.T, repository string, options ...remote.Option) {
	t.Helper()
	for _, one := range []struct {
		reference, layout string
		platform          targets.Target
	}{
		{repository + "/builder:arm64", filepath.Join(made.builders, "linux-arm64-on-"+host(t).Dashed()), host(t)},
		{repository + "/run:arm64", filepath.Join(made.stack, "run-arm64"), targets.LinuxARM64},
	} {
		tag, err := name.NewTag(one.reference)
		if err != nil {
			t.Fatal(err)
		}
		linkBlobs(t, repository, one.layout)
		if err := remote.Write(tag, layoutImage(t, one.layout, one.platform), options...); err != nil {
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

// command returns a call of armature.
func (u *user) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, made.program, args...)
	cmd.Env = append(os.Environ(), "HOME="+u.home, "XDG_CACHE_HOME=", "ARMATURE_BUILDER="+u.builders)
	cmd.Env = append(cmd.Env, u.env...)
	if u.id != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(u.id), Gid: uint32(u.id)}}
	}
	return cmd
}

// built is the result of a build.
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
	if u.id == 0 { // the other's folder is removed whole
		u.left.add(u.cacheOf(args), app, args, b)
	}
	return b
}

// must runs a build that must succeed.
func (u *user) must(app string, args ...string) built {
	u.t.Helper()
	b := u.build(app, args...)
	if b.status != 0 {
		u.t.Fatalf("got status %d\n%s", b.status, b.log)
	}
	return b
}

// cacheOf is armature's folder for a call.
func (u *user) cacheOf(args []string) string {
	if at := slices.Index(args, "--cache-dir"); at >= 0 {
		return args[at+1]
	}
	return u.cache()
}

func (u *user) cache() string { return filepath.Join(u.home, ".cache/armature") }

// plainApp makes an app without dependencies, which builds fast.
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
