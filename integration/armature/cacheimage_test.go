//go:build linux

package integration_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// private serves a registry that requires a password, and returns its address.
// It refuses pushes to repositories below forbidden/.
func private(t *testing.T, password string) string {
	t.Helper()
	return serveRegistry(t, func(registry http.Handler, w http.ResponseWriter, request *http.Request) {
		if _, got, _ := request.BasicAuth(); got != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="private"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if request.Method != http.MethodGet && strings.HasPrefix(request.URL.Path, "/v2/forbidden/") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		registry.ServeHTTP(w, request)
	})
}

func TestACacheImageServesBuildsElsewhere(t *testing.T) {
	t.Parallel()
	const password = "canary-of-the-cache"
	address := private(t, password)
	u := newUser(t, 0)
	cacheDir := u.cache()
	u.home = t.TempDir()
	args := []string{"--cache-dir", cacheDir, "--cache-image", address + "/team/cache", "--env", "NPM_CONFIG_FETCH_RETRIES=0"}

	stranger := u.build(express, append(args, "--tag", "cached")...)
	if stranger.status != 1 || !strings.Contains(stranger.log, "[registry-refused]") {
		t.Errorf("without a password: got status %d\n%s", stranger.status, stranger.log)
	}
	auth := base64.StdEncoding.EncodeToString([]byte("somebody:" + password))
	writeFiles(t, u.home, map[string]string{".docker/config.json": fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, address, auth)})
	first := u.must(express, append(args, "--tag", "cached")...)
	// Another image's build, which has nothing here and no network.
	elsewhere := u.must(express, append(args, "--tag", "cached-elsewhere", "--network", "none")...)
	if first.digest != elsewhere.digest || !strings.Contains(elsewhere.log, `Restoring data for "armature/npm-install:npm-cache" from cache`) {
		t.Errorf("got %s, want %s from the cache\n%s", elsewhere.digest, first.digest, elsewhere.log)
	}
	again := u.must(express, append(args, "--tag", "cached", "--clear-cache")...)
	if again.digest != first.digest || strings.Contains(again.log, "Restoring data") {
		t.Errorf("with the cache cleared: got %s, want %s\n%s", again.digest, first.digest, again.log)
	}
	for _, b := range []built{first, elsewhere, again} {
		if strings.Contains(b.log, password) || strings.Contains(b.log, auth) {
			t.Errorf("the password is in the log:\n%s", b.log)
		}
	}
}
