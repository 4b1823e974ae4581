//go:build linux

package phases

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// corporate serves a registry that shows its image corp/secret:1 only to the
// logged-in operator, and returns its address.
func corporate(t *testing.T, allow *bool) string {
	t.Helper()
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "secret" && !*allow {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "arm64"})
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(address + "/corp/secret:1")
	if err != nil {
		t.Fatal(err)
	}
	*allow = true
	if err := remote.Write(tag, image); err != nil {
		t.Fatal(err)
	}
	*allow = false
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("DOCKER_CONFIG", dir)
	write(t, dir+"/config.json", `{"auths":{"`+address+`":{"auth":"b3BlcmF0b3I6c2VjcmV0"}}}`) // operator:secret
	return address
}

// readOnly refuses writes to a registry.
func readOnly(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// A builder that the app chose could name one of the user's private images as its
// run image, to read it.
func TestARunImageOfTheAppsBuilderIsFetchedWithoutCredentials(t *testing.T) {
	var allow bool
	private := corporate(t, &allow) + "/corp/secret:1"
	find := func(builderBy string, registries images.Registries, asked string) error {
		b := &Build{
			Options: Options{Target: targets.LinuxARM64, BuilderBy: builderBy, Registries: registries, RunImage: asked},
			builder: &builder{found: t.TempDir(), runImages: []labels.RunImageChoice{{Image: private}}},
		}
		_, err := b.findRunImage(t.Context())
		return err
	}
	if err := find("", images.Registries{}, ""); err != nil {
		t.Errorf("the operator's builder: %v", err)
	}
	if err := find("the app", images.Registries{}, private); err != nil {
		t.Errorf("the operator's --run-image: %v", err)
	}
	if err := find("the app", images.Registries{}, ""); !errors.Is(err, &failure.Failure{ID: "registry-refused"}) {
		t.Errorf("the app's builder: got %v", err)
	}
	if err := find("the app", images.Registries{Offline: true}, ""); !errors.Is(err, &failure.Failure{ID: "reference-needs-network"}) {
		t.Errorf("the app's builder, without a network: got %v", err)
	}
}

// Files beside the app do not belong to it.
func TestTheAppsBuilderHasNoRunImageOutOfTheApp(t *testing.T) {
	base := t.TempDir()
	run, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "arm64"})
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"/stack/run-arm64", "/app/builder", "/armature/run:1"} {
		if err := os.MkdirAll(filepath.Dir(base+dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := oci.WriteLayout(base+dir, run); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(base)
	find := func(by string) (*runImage, error) {
		b := &Build{
			Options: Options{Target: targets.LinuxARM64, BuilderBy: by, Registries: images.Registries{Offline: true}},
			builder: &builder{found: base + "/app/builder", runImages: []labels.RunImageChoice{{Image: "armature/run:1"}}},
		}
		return b.findRunImage(t.Context())
	}
	if found, err := find(""); err != nil || found.found != base+"/stack/run-arm64" {
		t.Errorf("the operator's builder: got %+v, %v", found, err)
	}
	if found, err := find("the app"); !errors.Is(err, &failure.Failure{ID: "reference-needs-network"}) {
		t.Errorf("the app's builder: got %+v, %v", found, err)
	}
}

func TestAChrootTakesNoBuilderOfTheApps(t *testing.T) {
	options := Options{Builder: "x", BuilderBy: "the app's project.toml", Way: sandbox.Chroot}
	_, err := Start(t.Context(), options)
	_, planned := Plan(t.Context(), options)
	for _, err := range []error{err, planned} {
		if !errors.Is(err, &failure.Failure{ID: "app-builder-in-chroot"}) {
			t.Errorf("got %v", err)
		}
	}
}

func TestAnImageWithoutALabelThatWasAskedForIsRefused(t *testing.T) {
	image := func(labels map[string]string) v1.Image {
		image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{Config: v1.Config{Labels: labels}})
		if err != nil {
			t.Fatal(err)
		}
		return image
	}
	b := &Build{Options: Options{Labels: map[string]string{"a": "1", "empty": ""}}}
	if err := b.checkLabels(image(map[string]string{"a": "1", "empty": "", "b": "2"})); err != nil {
		t.Error(err)
	}
	for _, labels := range []map[string]string{nil, {"a": "1"}, {"a": "2", "empty": ""}} {
		if err := b.checkLabels(image(labels)); !errors.Is(err, &failure.Failure{ID: "label-missing"}) {
			t.Errorf("%v: got %v", labels, err)
		}
	}
}
