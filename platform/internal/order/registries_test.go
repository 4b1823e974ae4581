//go:build linux

package order_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/order"
)

// An app's own project.toml can name any image that the user could fetch, or any
// address that this machine reaches.
func TestABuildpackThatTheAppNamesIsFetchedWithoutCredentials(t *testing.T) {
	requests, logins := 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if _, _, login := r.BasicAuth(); login {
			logins++
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	dir := write(t, t.TempDir(), files{"config.json": `{"auths":{"` + address + `":{"auth":"b3BlcmF0b3I6c2VjcmV0"}}}`}) // operator:secret
	t.Setenv("HOME", dir)
	t.Setenv("DOCKER_CONFIG", dir)
	for _, tc := range []struct {
		name       string
		inside     bool
		registries images.Registries
		want       string // id
		login      bool
	}{
		{"the operator's", false, images.Registries{}, "image-not-found", true},
		{"the operator's, without a network for the build", false, images.Registries{Offline: true}, "image-not-found", true},
		{"the app's", true, images.Registries{}, "registry-refused", false},
		{"the app's, without a network for the build", true, images.Registries{Offline: true}, "reference-needs-network", false},
	} {
		for _, request := range []func(l order.Locator) order.Request{
			func(l order.Locator) order.Request {
				return order.Request{Buildpacks: []order.Locator{l}}
			},
			func(l order.Locator) order.Request { return order.Request{Pre: []order.Locator{l}} },
			func(l order.Locator) order.Request { return order.Request{Post: []order.Locator{l}} },
		} {
			requests, logins = 0, 0
			asked := request(order.Locator{Name: "docker://" + address + "/leak/abc:1", Base: t.TempDir(), Inside: tc.inside})
			_, err := asked.Resolve(t.Context(), newBuilder(t), t.TempDir(), targets.LinuxAMD64, tc.registries)
			if !errors.Is(err, &failure.Failure{ID: tc.want}) || (logins > 0) != tc.login {
				t.Errorf("%s: got %v, %d requests with a login, want %s", tc.name, err, logins, tc.want)
			}
			if tc.want == "reference-needs-network" && requests > 0 {
				t.Errorf("%s: got %d requests", tc.name, requests)
			}
		}
	}
}
