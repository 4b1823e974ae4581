//go:build linux

package images_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/images"
)

// serve serves a registry with an image for linux/arm64 as team/app, and returns
// its address. Requests without the login operator and its password get the
// status refusal, unless that is 0. It counts the requests with a login.
func serve(t *testing.T, refusal int) (address string, logins *int) {
	t.Helper()
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	logins = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, login := r.BasicAuth()
		if login {
			*logins++
		}
		if refusal != 0 && password != "secret" {
			w.Header().Set("WWW-Authenticate", "Basic")
			status := refusal
			if r.URL.Path == "/v2/" {
				status = http.StatusUnauthorized
			}
			w.WriteHeader(status)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	address = strings.TrimPrefix(server.URL, "http://")
	tag, err := name.NewTag(address + "/team/app")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, armImage(t), remote.WithAuth(&authn.Basic{Username: "operator", Password: "secret"})); err != nil {
		t.Fatal(err)
	}
	*logins = 0
	return address, logins
}

func armImage(t *testing.T) v1.Image {
	t.Helper()
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "arm64"})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestWhatIsNotTheOperatorsChoiceIsAskedForWithoutCredentials(t *testing.T) {
	private, logins := serve(t, http.StatusUnauthorized)
	dockerConfig(t, login(private))
	reference := private + "/team/app"
	if _, err := asked.Find(t.Context(), reference, targets.LinuxARM64); err != nil || *logins == 0 {
		t.Fatalf("the operator's own: %v, %d requests with a login", err, *logins)
	}
	*logins = 0
	app := asked.For("the app")
	for what, find := range map[string]func() error{
		"an image":       func() error { _, err := app.Find(t.Context(), reference, targets.LinuxARM64); return err },
		"a buildpackage": func() error { _, err := app.Package(t.Context(), reference, targets.LinuxARM64); return err },
		"a builder": func() error {
			_, _, err := app.Builder(t.Context(), reference+":latest", targets.LinuxARM64, targets.LinuxARM64)
			return err
		},
	} {
		if err := find(); !errors.Is(err, &failure.Failure{ID: "registry-refused"}) || strings.Contains(err.Error(), "docker login") || !strings.Contains(err.Error(), "what the app names") {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if *logins != 0 {
		t.Errorf("%d requests had the operator's login", *logins)
	}
	app.Offline = true
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests++ }))
	defer server.Close()
	_, err := app.Find(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/leak/abc", targets.LinuxARM64)
	if !errors.Is(err, &failure.Failure{ID: "reference-needs-network"}) || requests != 0 {
		t.Errorf("offline: got %v, %d requests", err, requests)
	}
	offline := images.Registries{Offline: true}
	if _, err := offline.Find(t.Context(), reference, targets.LinuxARM64); err != nil {
		t.Errorf("offline, the operator's own: %v", err)
	}
}

// A folder of the user's may have an image's name.
func TestWhatIsNotTheOperatorsChoiceIsNoFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	layout(t, "127.0.0.1:1/team/app", "arm64")
	if _, err := asked.Find(t.Context(), "127.0.0.1:1/team/app", targets.LinuxARM64); err != nil {
		t.Fatal(err)
	}
	_, err := asked.For("the app").Find(t.Context(), "127.0.0.1:1/team/app", targets.LinuxARM64)
	if !errors.Is(err, &failure.Failure{ID: "registry-unreachable"}) {
		t.Errorf("got %v, want that a registry was asked", err)
	}
	_, _, err = asked.For("the app").Builder(t.Context(), "127.0.0.1:1/team/app:x", targets.LinuxARM64, targets.LinuxARM64)
	if !errors.Is(err, &failure.Failure{ID: "registry-unreachable"}) {
		t.Errorf("a builder: got %v, want that a registry was asked", err)
	}
}

// named gives a server on this machine a public host name, for which https is the
// default.
func named(t *testing.T, server *httptest.Server) string {
	t.Helper()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	images.Dial(t, func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	})
	return "registry.example:" + port
}

func TestARegistryThatSpeaksHTTPIsToldFromOneThatIsDown(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := named(t, server)
	var f *failure.Failure
	for what, err := range map[string]error{"MayPush": asked.MayPush(t.Context(), host+"/team/app"), "Push": asked.Push(t.Context(), host+"/team/app", armImage(t))} {
		if !errors.As(err, &f) || f.ID != "registry-speaks-http" || f.Transient || !strings.Contains(f.Remedy, "--insecure-registry") {
			t.Errorf("%s: got %v", what, err)
		}
	}
	insecure := images.Registries{Insecure: []string{host}}
	if err := insecure.MayPush(t.Context(), host+"/team/app"); err != nil {
		t.Error(err)
	}
	if err := insecure.Push(t.Context(), host+"/team/app", armImage(t)); err != nil {
		t.Error(err)
	}
	if _, err := insecure.Find(t.Context(), host+"/team/app", targets.LinuxARM64); err != nil {
		t.Error(err)
	}
	other := images.Registries{Insecure: []string{"registry.example"}} // another port
	if err := other.MayPush(t.Context(), host+"/team/app"); !errors.Is(err, &failure.Failure{ID: "registry-speaks-http"}) {
		t.Errorf("got %v", err)
	}
}

func TestACertificateThatNobodyVouchesForDoesNotPass(t *testing.T) {
	server := httptest.NewUnstartedServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	host := named(t, server)
	var f *failure.Failure
	if err := asked.MayPush(t.Context(), host+"/team/app"); !errors.As(err, &f) || f.ID != "registry-certificate" || f.Transient {
		t.Errorf("got %v", err)
	}
	if err := (images.Registries{Insecure: []string{host}}).MayPush(t.Context(), host+"/team/app"); err != nil {
		t.Error(err)
	}
}

// silentServer accepts connections and sends nothing.
func silentServer(t *testing.T) string {
	t.Helper()
	block := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block }))
	t.Cleanup(func() { close(block); server.Close() })
	return strings.TrimPrefix(server.URL, "http://")
}

func TestARegistryThatSaysNothingIsNotWaitedForForEver(t *testing.T) {
	images.SetSilence(t, 200*time.Millisecond)
	address := silentServer(t)
	began := time.Now()
	for what, ask := range requests(t, address) {
		var f *failure.Failure
		if err := ask(t.Context()); !errors.As(err, &f) || f.ID != "registry-unreachable" || !f.Transient || !strings.Contains(err.Error(), "200ms") {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestARequestEndsWithItsContext(t *testing.T) {
	address := silentServer(t)
	for what, ask := range requests(t, address) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		began := time.Now()
		err := ask(ctx)
		if took := time.Since(began); !errors.Is(err, context.Canceled) || took > 5*time.Second {
			t.Errorf("%s: got %v after %s", what, err, took)
		}
	}
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	if err := os.WriteFile(dir+"/docker-credential-slow", []byte("#!/bin/sh\nexec sleep 0.5 >/dev/null 2>&1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	dockerConfig(t, `{"credsStore":"slow"}`)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if err := asked.MayPush(ctx, address+"/team/app"); !errors.Is(err, context.Canceled) {
		t.Errorf("a credential helper that waits: got %v", err)
	}
}

// requests makes one request of each kind.
func requests(t *testing.T, address string) map[string]func(ctx context.Context) error {
	t.Helper()
	reference := address + "/team/app"
	image := armImage(t)
	return map[string]func(ctx context.Context) error{
		"Find":    func(ctx context.Context) error { _, err := asked.Find(ctx, reference, targets.LinuxARM64); return err },
		"MayPush": func(ctx context.Context) error { return asked.MayPush(ctx, reference) },
		"Cache":   func(ctx context.Context) error { _, err := asked.Cache(ctx, reference); return err },
		"Push":    func(ctx context.Context) error { return asked.Push(ctx, reference, image) },
	}
}

func TestABuilderOfARegistryIsTheTargets(t *testing.T) {
	images.RetrySoon(t)
	address, _ := serve(t, 0)
	reference := address + "/team/builder"
	if err := asked.Push(t.Context(), reference+":arm64", armImage(t)); err != nil {
		t.Fatal(err)
	}
	if err := asked.Push(t.Context(), reference+":mine", armImage(t)); err != nil {
		t.Fatal(err)
	}
	digest, err := armImage(t).Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ called, want string }{
		{reference, reference + ":arm64"}, {reference + ":mine", reference + ":mine"}, {reference + "@" + digest.String(), reference + "@" + digest.String()},
	} {
		_, found, err := asked.Builder(t.Context(), tc.called, targets.LinuxARM64, targets.LinuxARM64)
		if err != nil || found != tc.want {
			t.Errorf("%s: got %q, %v, want %q", tc.called, found, err, tc.want)
		}
	}
	if _, found, _ := asked.Builder(t.Context(), reference, targets.LinuxARM64, targets.LinuxAMD64); found != reference+":amd64" {
		t.Errorf("for linux/amd64: got %q", found)
	}
}
