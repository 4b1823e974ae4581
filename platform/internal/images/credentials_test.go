//go:build linux

package images_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/images"
)

// dockerConfig writes the user's docker configuration, and returns its path. %s
// in the text is a registry's address.
func dockerConfig(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("HOME", t.TempDir())
	file := filepath.Join(dir, "config.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func login(address string) string {
	return fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, address, base64.StdEncoding.EncodeToString([]byte("operator:secret")))
}

func TestCredentialsThatCannotBeReadAreNamedWhereTheyAreNeeded(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if err := os.WriteFile(dir+"/docker-credential-broken", []byte("#!/bin/sh\necho it is broken\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	public, _ := serve(t, 0)
	private, _ := serve(t, http.StatusUnauthorized)
	forbidding, _ := serve(t, http.StatusForbidden)
	for _, tc := range []struct{ name, config, says string }{
		{"a helper that is not there", `{"credsStore":"not-there"}`, "docker-credential-not-there"},
		{"a helper that fails", `{"credsStore":"broken"}`, "it is broken"},
		{"no JSON", `{"auths":`, "unexpected"},
		{"no base64", fmt.Sprintf(`{"auths":{%q:{"auth":"=!"}}}`, public), "base64"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := dockerConfig(t, tc.config)
			var f *failure.Failure
			bad := func(what string, err error) {
				t.Helper()
				if !errors.As(err, &f) || f.ID != "registry-credentials" || f.Transient || !strings.Contains(f.Remedy, file) || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("%s: got %v, want %q and %s in it", what, err, tc.says, file)
				}
			}
			if _, err := asked.Find(t.Context(), public+"/team/app", targets.LinuxARM64); err != nil {
				t.Errorf("reading what everybody may read: %v", err)
			}
			if _, err := asked.Cache(t.Context(), public+"/team/none"); err != nil {
				t.Errorf("reading a cache image that there is not: %v", err)
			}
			_, err := asked.Find(t.Context(), private+"/team/app", targets.LinuxARM64)
			bad("reading what wants a login", err)
			_, err = asked.Find(t.Context(), forbidding+"/team/app", targets.LinuxARM64)
			bad("reading what is forbidden", err)
			bad("asking whether one may push", asked.MayPush(t.Context(), public+"/team/app"))
			bad("pushing", asked.Push(t.Context(), public+"/team/app", armImage(t)))
		})
	}
}

func TestTheFileOfCredentialsIsTheOneThatIsRead(t *testing.T) {
	base := t.TempDir()
	for _, tc := range []struct {
		name  string
		env   map[string]string
		files []string
		want  string
	}{
		{"docker's", nil, []string{"home/.docker/config.json", "config/containers/auth.json"}, "home/.docker/config.json"},
		{"docker's elsewhere", map[string]string{"DOCKER_CONFIG": "docker"}, []string{"docker/config.json"}, "docker/config.json"},
		{"docker's elsewhere, before the one at home", map[string]string{"DOCKER_CONFIG": "docker"}, []string{"docker/config.json", "home/.docker/config.json"}, "docker/config.json"},
		{"one that is named", map[string]string{"REGISTRY_AUTH_FILE": "named.json"}, []string{"named.json", "run/containers/auth.json"}, "named.json"},
		{"podman's of this session", map[string]string{"XDG_RUNTIME_DIR": "run"}, []string{"run/containers/auth.json", "config/containers/auth.json"}, "run/containers/auth.json"},
		{"podman's that stays", map[string]string{"XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config"}, []string{"config/containers/auth.json"}, "config/containers/auth.json"},
		{"podman's that stays, where it usually is", nil, []string{"home/.config/containers/auth.json"}, "home/.config/containers/auth.json"},
	} {
		dir := filepath.Join(base, strings.ReplaceAll(tc.name, " ", "-"))
		for _, file := range tc.files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got := credentialsFileWith(tc.env, dir)
		if got != filepath.Join(dir, tc.want) {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

// credentialsFileWith returns the path of the file in an environment of paths
// below a folder.
func credentialsFileWith(env map[string]string, dir string) string {
	return images.CredentialsFile(func(name string) string {
		if name == "HOME" {
			return filepath.Join(dir, "home")
		}
		if env[name] == "" {
			return ""
		}
		return filepath.Join(dir, env[name])
	})
}

// keychain answers with an error or, without one, with a login.
type keychain struct{ err error }

func (k keychain) Resolve(authn.Resource) (authn.Authenticator, error) {
	return &authn.Basic{Username: "caller", Password: "secret"}, k.err
}

func TestAKeychainOfTheCallersIsAskedInPlaceOfDockers(t *testing.T) {
	dockerConfig(t, `{"credsStore":"not-there"}`)
	got := ""
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, has := r.BasicAuth()
		if !has {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		got = user + ":" + password
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	reference := strings.TrimPrefix(server.URL, "http://") + "/team/app"
	given := images.Registries{Keychain: keychain{}}
	if err := given.Push(t.Context(), reference, armImage(t)); err != nil || got != "caller:secret" {
		t.Errorf("got %q, %v", got, err)
	}
	given.Keychain = keychain{errors.New("it is locked")}
	_, err := given.Find(t.Context(), reference, targets.LinuxARM64)
	if !errors.Is(err, &failure.Failure{ID: "registry-credentials"}) || !strings.Contains(err.Error(), "it is locked") || !strings.Contains(err.Error(), "mend the keychain") {
		t.Errorf("got %v", err)
	}
}
