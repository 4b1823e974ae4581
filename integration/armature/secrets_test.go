//go:build linux

package integration_test

import (
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/oci"
)

func TestSecretsReachNoLayerNoLabelAndNoLog(t *testing.T) {
	t.Parallel()
	begin := time.Now().Truncate(time.Second)
	const canary = mark + "-5b1e9c"
	dir := t.TempDir()
	binding, file, bills := filepath.Join(dir, "secret"), filepath.Join(dir, "env"), filepath.Join(dir, "bills")
	writeFiles(t, dir, map[string]string{
		"secret/type": "npmrc", "secret/.npmrc": "//registry.example/:_authToken=" + canary, "env": "OF_FILE=" + canary + "\n", "bills/before": "",
	})
	u := newUser(t, 0)
	u.secret = true
	proxy := "http://user:" + canary + "@127.0.0.1:1" // nobody is there
	u.env = []string{"ARMATURE_TEST_TOKEN=" + canary, "HTTP_PROXY=" + proxy, "HTTPS_PROXY=" + proxy}
	given := []string{"--env", "ARMATURE_TEST_TOKEN", "--env", "OTHER=" + canary, "--env-file", file, "--binding", binding, "--sbom-dir", bills, "--progress", "json"}
	b := u.must(plainApp(t), append(given, "--tag", "secrets", "--timings", filepath.Join(bills, "timings.html"))...)
	secret(canary).notInLog(t, b)
	needy := plainApp(t)
	writeFiles(t, needy, map[string]string{"package.json": `{"name":"needy","version":"1.0.0","dependencies":{"express":"5"},"scripts":{"start":"node server.js"}}`})
	failed := u.build(needy, append(given, "--tag", "needy", "--env", "NPM_CONFIG_FETCH_RETRIES=0")...)
	if failed.status == 0 {
		t.Errorf("npm installed through a proxy that is not there\n%s", failed.log)
	}
	secret(canary).notInLog(t, failed)
	noSecretBelow(t, bills, begin)
	image, err := oci.ReadLayout(b.folder)
	if err != nil {
		t.Fatal(err)
	}
	noSecretInImage(t, image)
	noSecretBelow(t, u.cache(), begin) // the next build does not find it either
}

// probe is a build script that copies everything that it can read of other
// processes, and of files with credentials, to its log and into the image.
const probe = `
const fs = require("fs"), path = require("path");
const found = [];
const look = file => { try { found.push(file + ": " + fs.readFileSync(file, "latin1").replaceAll("\0", " ")); } catch {} };
const names = dir => { try { return fs.readdirSync(dir, { withFileTypes: true }); } catch { return []; } };
for (const { name } of names("/proc").filter(entry => /^(\d+|self)$/.test(entry.name)))
  for (const file of ["environ", "cmdline", "mountinfo", "root" + process.argv[2] + "/.docker/config.json"]) look(path.join("/proc", name, file));
const wanted = new Set([".docker", ".netrc", ".npmrc", "auth.json", ".dockerconfigjson"]);
const walk = dir => {
  for (const entry of names(dir)) {
    const file = path.join(dir, entry.name);
    if (wanted.has(entry.name)) { look(file); names(file).forEach(inside => look(path.join(file, inside.name))); }
    else if (entry.isDirectory() && !/^\/(proc|sys|usr\/share)$/.test(file)) walk(file);
  }
};
walk("/");
look(process.argv[2] + "/.docker/config.json");
found.push(JSON.stringify(process.env));
console.log(found.join("\n"));
fs.writeFileSync("found.txt", found.join("\n"));
`

// Credentials for registries stay in armature: a build's scripts do not find
// them, and they are in no result.
func TestCredentialsOfRegistriesStayOutsideOfBuilds(t *testing.T) {
	t.Parallel()
	begin := time.Now().Truncate(time.Second)
	const canary = secret(mark + "-7f02d4")
	address := private(t, string(canary))
	login := remote.WithAuth(&authn.Basic{Username: "somebody", Password: string(canary)})
	pushBuilder(t, address+"/armature", login)
	dockerLogin := map[string]string{".docker/config.json": fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, address, canary.login())}
	helper := map[string]string{
		".docker/config.json":           fmt.Sprintf(`{"credHelpers":{%q:"of-test"}}`, address),
		"bin/docker-credential-of-test": fmt.Sprintf("#!/bin/sh\ncat >/dev/null\necho '{\"Username\":\"somebody\",\"Secret\":%q}'\n", canary),
	}
	for _, tc := range []struct {
		way   string
		files map[string]string // of the home folder
		fails bool              // whether to try a build that fails at the end
	}{{"mount-namespace", dockerLogin, true}, {"user-namespace", helper, false}, {"chroot", dockerLogin, false}} {
		t.Run(tc.way, func(t *testing.T) {
			u := newUser(t, 0)
			u.secret = true
			cacheDir, kept := u.cache(), t.TempDir()
			u.home = t.TempDir()
			writeFiles(t, u.home, tc.files)
			u.env = []string{"PATH=" + u.home + "/bin:" + os.Getenv("PATH"), "DOCKER_CONFIG="}
			u.builders = address + "/armature/builder"
			app := plainApp(t)
			writeFiles(t, app, map[string]string{
				"probe.js":     probe,
				"package.json": fmt.Sprintf(`{"name":"probe","version":"1.0.0","scripts":{"build":"node probe.js %s","start":"node server.js"}}`, u.home),
			})
			build := func(repository string) built {
				return u.build(app, "--sandbox", tc.way, "--tag", address+repository, "--output", "registry", "--run-image", address+"/armature/run:arm64",
					"--cache-dir", cacheDir, "--cache-image", address+"/team/cache-"+tc.way, "--progress", "json",
					"--sbom-dir", filepath.Join(kept, "bills"), "--timings", filepath.Join(kept, "timings.html"))
			}
			b := build("/team/" + tc.way)
			if b.status != 0 && strings.Contains(b.log, "[no-sandbox]") {
				t.Skipf("this machine refuses it: %s", b.log)
			}
			if b.status != 0 {
				t.Fatalf("got status %d\n%s", b.status, b.log)
			}
			canary.notInLog(t, b)
			noSecretBelow(t, kept, begin)
			for _, repository := range []string{"/team/" + tc.way, "/team/cache-" + tc.way} {
				tag, err := name.NewTag(address + repository)
				if err != nil {
					t.Fatal(err)
				}
				image, err := remote.Image(tag, login)
				if err != nil {
					t.Fatal(err)
				}
				noSecretInImage(t, image)
			}
			// The script has searched, including the lifecycle where possible.
			want := "NODE_ENV"
			if tc.way != "chroot" {
				want = "CNB_REGISTRY_AUTH"
			}
			if !strings.Contains(b.log, want) {
				t.Errorf("the script found no %s:\n%s", want, b.log)
			}
			noSecretBelow(t, cacheDir, begin)
			if !tc.fails {
				return
			}
			refused := build("/forbidden/" + tc.way)
			if refused.status != 1 || !strings.Contains(refused.log, `"id":"registry-refused"`) {
				t.Errorf("got status %d, want the failure registry-refused\n%s", refused.status, refused.log)
			}
			canary.notInLog(t, refused)
			noSecretBelow(t, kept, begin)
		})
	}
}

// privateNPM serves an npm registry with the package greeting 1.0.0 that
// requires a token, and returns its address.
func privateNPM(t *testing.T, token string) string {
	t.Helper()
	packed := npmArchive(t, "greeting", "")
	sum := sha512.Sum512(packed)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+token:
			http.Error(w, `{"error":"a token is needed"}`, http.StatusUnauthorized)
		case r.URL.Path == "/greeting":
			fmt.Fprintf(w, `{"name":"greeting","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"greeting","version":"1.0.0","dist":{"tarball":"http://%s/greeting.tgz","integrity":"sha512-%s"}}}}`,
				r.Host, base64.StdEncoding.EncodeToString(sum[:]))
		case r.URL.Path == "/greeting.tgz":
			w.Write(packed)
		default:
			http.Error(w, `{"error":"forbidden"}`, http.StatusForbidden)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// npm gets a token from a binding, or from a variable in .npmrc, and uses it
// with the most verbose log.
func TestTokensOfNPMReachNoLayerNoCacheAndNoLog(t *testing.T) {
	t.Parallel()
	begin := time.Now().Truncate(time.Second)
	const canary = secret(mark + "-c30a11")
	registry := privateNPM(t, string(canary))
	_, host, _ := strings.Cut(registry, ":")
	binding := filepath.Join(t.TempDir(), "npm")
	writeFiles(t, binding, map[string]string{"type": "npmrc", ".npmrc": fmt.Sprintf("registry=%s/\n%s/:_authToken=%s\n", registry, host, canary)})
	for _, tc := range []struct {
		way, npmrc string
		args       []string
	}{
		{"binding", "", []string{"--binding", binding}},
		{"variable", fmt.Sprintf("registry=%s/\n%s/:_authToken=${NPM_TOKEN}\n", registry, host), []string{"--env", "NPM_TOKEN=" + string(canary)}},
	} {
		t.Run(tc.way, func(t *testing.T) {
			u, kept, app := newUser(t, 0), t.TempDir(), plainApp(t)
			u.secret = true
			build := func(needs string) built {
				writeFiles(t, app, map[string]string{
					"package.json": fmt.Sprintf(`{"name":"private","version":"1.0.0","dependencies":{%q:"1.0.0"},"scripts":{"start":"node server.js"}}`, needs), ".npmrc": tc.npmrc,
				})
				return u.build(app, append(tc.args, "--tag", "private-"+tc.way, "--output", "oci:"+filepath.Join(kept, "app"), "--progress", "json",
					"--env", "BP_LOG_LEVEL=DEBUG", "--env", "NPM_CONFIG_LOGLEVEL=silly", "--env", "NPM_CONFIG_FETCH_RETRIES=0",
					"--sbom-dir", filepath.Join(kept, "bills"), "--timings", filepath.Join(kept, "timings.html"))...)
			}
			b := build("greeting")
			if b.status != 0 || !strings.Contains(b.log, "npm silly") {
				t.Fatalf("got status %d, and want what npm says to itself\n%s", b.status, b.log)
			}
			canary.notInLog(t, b)
			image, err := oci.ReadLayout(b.folder)
			if err != nil {
				t.Fatal(err)
			}
			installed := false
			forFiles(t, image, func(name string, _ []byte) {
				installed = installed || strings.HasSuffix(name, "node_modules/greeting/package.json")
			})
			if !installed {
				t.Error("the package is not in the image")
			}
			noSecretInImage(t, image)
			if b := build("forbidden"); b.status == 0 || !strings.Contains(b.log, "[npm-registry-forbidden]") {
				t.Errorf("got status %d, want the failure npm-registry-forbidden\n%s", b.status, b.log)
			} else {
				canary.notInLog(t, b)
			}
			noSecretBelow(t, kept, begin)
			noSecretBelow(t, u.cache(), begin)
		})
	}
}
