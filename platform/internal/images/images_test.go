//go:build linux

package images_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/platform/internal/images"
)

// asked are registries without flags.
var asked images.Registries

// layout writes an image for a platform into a folder.
func layout(t *testing.T, dir, arch string) string {
	t.Helper()
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: arch})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := oci.WriteLayout(dir, image); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestABuilderIsFoundForItsPairOfPlatforms(t *testing.T) {
	base := t.TempDir()
	pair := layout(t, base+"/builder/v/linux-arm64-on-linux-amd64", "amd64")
	run := layout(t, base+"/stack/run-arm64", "arm64")
	for _, called := range []string{base + "/builder/v", pair} {
		_, found, err := asked.Builder(t.Context(), called, targets.LinuxAMD64, targets.LinuxARM64)
		if err != nil || found != pair {
			t.Errorf("%s: got %q, %v", called, found, err)
		}
	}
	if _, _, err := asked.Builder(t.Context(), base+"/none", targets.LinuxARM64, targets.LinuxARM64); !errors.Is(err, &failure.Failure{ID: "no-builder"}) {
		t.Errorf("a folder that is not there: got %v", err)
	}
	_, _, err := asked.Builder(t.Context(), base+"/builder/v", targets.LinuxARM64, targets.LinuxARM64)
	if !errors.Is(err, &failure.Failure{ID: "no-builder"}) {
		t.Errorf("for another host: got %v", err)
	}
	if got := images.RunImageBeside(pair, targets.LinuxARM64); got != run {
		t.Errorf("got %q, want %q", got, run)
	}
	if got := images.RunImageBeside(pair, targets.LinuxAMD64); got != "" {
		t.Errorf("got %q, want none", got)
	}
}

func TestAnImageOfAnotherPlatformIsNotTaken(t *testing.T) {
	dir := layout(t, t.TempDir()+"/x", "amd64")
	_, err := asked.Find(t.Context(), dir, targets.LinuxARM64)
	if !errors.Is(err, &failure.Failure{ID: "image-platform"}) || !strings.Contains(err.Error(), "linux/amd64") {
		t.Errorf("got %v", err)
	}
}

func TestWhatARegistryAnswersHasAnID(t *testing.T) {
	images.RetrySoon(t)
	for _, tc := range []struct {
		status    int
		id        string
		transient bool
	}{
		{http.StatusUnauthorized, "registry-refused", false},
		{http.StatusForbidden, "registry-refused", false},
		{http.StatusNotFound, "image-not-found", false},
		{http.StatusTooManyRequests, "registry-unavailable", true},
		{http.StatusServiceUnavailable, "registry-unavailable", true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if request.URL.Path != "/v2/" {
				w.WriteHeader(tc.status)
			}
		}))
		_, err := asked.Find(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/team/app", targets.LinuxARM64)
		server.Close()
		var f *failure.Failure
		if !errors.As(err, &f) || f.ID != tc.id || f.Transient != tc.transient {
			t.Errorf("%d: got %v, want %s", tc.status, err, tc.id)
		}
	}
	_, err := asked.Find(t.Context(), "127.0.0.1:1/app", targets.LinuxARM64)
	var f *failure.Failure
	if !errors.As(err, &f) || f.ID != "registry-unreachable" || !f.Transient {
		t.Errorf("got %v", err)
	}
	for _, called := range []string{"No Name", t.TempDir(), "./here", "../there"} {
		if _, err = asked.Find(t.Context(), called, targets.LinuxARM64); !errors.Is(err, &failure.Failure{ID: "image-reference"}) {
			t.Errorf("%s: got %v", called, err)
		}
	}
}

// served puts an index into a registry and returns its reference.
func served(t *testing.T, index v1.ImageIndex) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://") + "/team/app")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(tag, index); err != nil {
		t.Fatal(err)
	}
	return tag.String()
}

func TestAnImageThatIsThereForOthersIsToldFromOneThatCannotBeRead(t *testing.T) {
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: empty.Image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "riscv64"}}})
	called := served(t, index)
	if _, err := asked.Find(t.Context(), called, targets.LinuxARM64); !images.IsOtherPlatform(err) || !strings.Contains(err.Error(), "linux/riscv64") {
		t.Errorf("got %v", err)
	}
	damaged := layout(t, t.TempDir()+"/damaged", "arm64")
	if err := os.RemoveAll(damaged + "/blobs"); err != nil {
		t.Fatal(err)
	}
	if _, err := asked.Find(t.Context(), damaged, targets.LinuxARM64); !errors.Is(err, &failure.Failure{ID: "image-unreadable"}) {
		t.Errorf("got %v", err)
	}
}

// An index need not name platforms; an image without one is for linux/amd64.
func TestAnIndexNeedNotNameItsPlatform(t *testing.T) {
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: image})
	if manifest, err := index.IndexManifest(); err != nil || manifest.Manifests[0].Platform != nil {
		t.Fatalf("got %+v, %v, want no platform", manifest, err)
	}
	called := served(t, index)
	if _, err := asked.Find(t.Context(), called, targets.LinuxAMD64); err != nil {
		t.Error(err)
	}
	if _, err := asked.Find(t.Context(), called, targets.LinuxARM64); !images.IsOtherPlatform(err) {
		t.Errorf("got %v", err)
	}
}

func TestOnlyARegistrysImageBreaksOff(t *testing.T) {
	unreachable := &failure.Failure{ID: "registry-unreachable"}
	if err := images.ReadFailed("unpacking", "registry.example/app", io.ErrUnexpectedEOF); !errors.Is(err, unreachable) {
		t.Errorf("got %v", err)
	}
	for called, err := range map[string]error{
		layout(t, t.TempDir()+"/x", "arm64"): io.ErrUnexpectedEOF,
		"registry.example/app":               &fs.PathError{Op: "open", Path: "etc", Err: syscall.EACCES},
	} {
		if got := images.ReadFailed("unpacking", called, err); errors.Is(got, unreachable) || !errors.Is(got, err) {
			t.Errorf("%s: got %v", called, got)
		}
	}
}

func TestAnImageThatIsNotWhatItSaysIsToldFromAMachineThatCannotUnpackIt(t *testing.T) {
	unreadable := &failure.Failure{ID: "image-unreadable"}
	for _, called := range []string{layout(t, t.TempDir()+"/x", "arm64"), "registry.example/app"} {
		for _, tc := range []struct {
			err  error
			want bool
		}{
			{errors.New("the image has 2 layers, its configuration says 1"), true},
			{&os.LinkError{Op: "linkat", Old: "a", New: "b", Err: syscall.ENOENT}, true},
			{&fs.PathError{Op: "mkdirat", Path: "etc", Err: syscall.ENAMETOOLONG}, true},
			{&fs.PathError{Op: "write", Path: "etc", Err: syscall.EIO}, false},
			{&fs.PathError{Op: "lchown", Path: "etc", Err: syscall.EPERM}, false},
			{&fs.PathError{Op: "write", Path: "etc", Err: syscall.ENOSPC}, false},
			{context.Canceled, false},
		} {
			if err := images.ReadFailed("unpacking", called, tc.err); errors.Is(err, unreadable) != tc.want || !errors.Is(err, tc.err) {
				t.Errorf("%s, %v: got %v, want image-unreadable: %t", called, tc.err, err, tc.want)
			}
		}
	}
}

func TestTheRegistryOfShortNamesIsWrittenDown(t *testing.T) {
	digest := v1.Hash{Algorithm: "sha256", Hex: strings.Repeat("a", 64)}
	for called, want := range map[string]string{
		"armature/run:arm64":      "index.docker.io/armature/run@",
		"127.0.0.1:5000/run":      "127.0.0.1:5000/run@",
		"registry.example/a/b:c":  "registry.example/a/b@",
		"run":                     "index.docker.io/library/run@",
		"registry.example:1/rr:x": "registry.example:1/rr@",
	} {
		if got, err := images.Canonical(called, digest); err != nil || got != want+digest.String() {
			t.Errorf("%s: got %q, %v", called, got, err)
		}
	}
}

// A registry redirects uploads to addresses that need no password.
func TestSignedAddressesAreNotRepeated(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
		case http.MethodPost: // "nowhere" fails at once, without a retry
			w.Header().Set("Location", "nowhere://somebody:canary@storage.example/upload?signature=canary")
			w.WriteHeader(http.StatusAccepted)
		}
	}))
	defer server.Close()
	image, err := random.Image(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = asked.Push(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/cache", image)
	if err == nil || !strings.Contains(err.Error(), "storage.example/upload") || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v, want the address without what signs it", err)
	}
	if !errors.Is(err, &failure.Failure{ID: "registry-unreachable"}) {
		t.Errorf("got %v, want the failure registry-unreachable", err)
	}
}

func TestAPasswordInANameIsNotRepeated(t *testing.T) {
	for _, called := range []string{"somebody:canary@registry.example/team/app", "https://somebody:canary@registry.example/app:1", ":canary@registry.example:5000/app"} {
		_, err := asked.Find(t.Context(), called, targets.LinuxARM64)
		if !errors.Is(err, &failure.Failure{ID: "image-reference"}) || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "docker login") {
			t.Errorf("got %v", err)
		}
	}
}

func TestAFullDiskIsNoUnreachableRegistry(t *testing.T) {
	err := images.Failed("fetching", &fs.PathError{Op: "write", Path: "blob", Err: syscall.ENOSPC})
	var f *failure.Failure
	if errors.As(err, &f) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want the system's error", err)
	}
}
