package yarn

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// platformRegistry has the package @x/tool, with an optional package for each of two
// CPUs.
func platformRegistry(t *testing.T) string {
	t.Helper()
	manifest := func(name string) map[string]any {
		one := map[string]any{"name": name, "version": "1.2.0"}
		if cpu, ok := strings.CutPrefix(name, "@x/tool-linux-"); ok {
			one["os"], one["cpu"] = []string{"linux"}, []string{cpu}
		} else {
			one["optionalDependencies"] = map[string]string{"@x/tool-linux-x64": "1.2.0", "@x/tool-linux-arm64": "1.2.0"}
		}
		return one
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, isArchive := strings.Cut(strings.ReplaceAll(strings.TrimPrefix(r.URL.Path, "/"), "%2f", "/"), "/-/")
		one := manifest(name)
		text, _ := json.Marshal(one)
		content := archive(t, string(text))
		if isArchive {
			w.Write(content)
			return
		}
		sum := sha512.Sum512(content)
		one["dist"] = map[string]any{"integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum[:]), "tarball": "http://" + r.Host + "/" + name + "/-/" + path.Base(name) + "-1.2.0.tgz"}
		json.NewEncoder(w).Encode(map[string]any{"name": name, "dist-tags": map[string]any{"latest": "1.2.0"}, "versions": map[string]any{"1.2.0": one}, "time": map[string]string{"1.2.0": "2020-01-02T03:04:05.000Z"}})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// Real Yarn chooses the versions of an app without a lockfile, for another target than
// the host, and says so.
func TestRealYarnWithoutALockfile(t *testing.T) {
	tier.Beyond(t, "Node.js, and Yarn from npm's registry")
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"1.22.22", "4.18.1"} {
		for _, target := range targets.All() {
			if target == host {
				continue
			}
			t.Run(version+" for "+target.Arch, func(t *testing.T) {
				app, platform, layers := t.TempDir(), t.TempDir(), t.TempDir()
				writeFiles(t, platform, files{"bindings/npm/type": "npmrc", "bindings/npm/.npmrc": "@x:registry=" + platformRegistry(t)})
				writeFiles(t, app, files{
					"package.json": `{"name":"app","private":true,"workspaces":["w"],"dependencies":{"@x/tool":"^1.0.0"}}`, "w/package.json": `{"name":"w","version":"1.0.0"}`,
					".yarnrc.yml": "nodeLinker: node-modules\nunsafeHttpWhitelist: ['*']\n",
				})
				log := installReally(t, version, app, platform, layers, target)
				if !strings.Contains(log, "WARNING: there is no lockfile") {
					t.Errorf("the log does not say that there is no lockfile: %s", log)
				}
				for _, one := range targets.All() {
					_, err := os.Stat(filepath.Join(layers, "launch-modules", "node_modules", "@x", "tool-linux-"+one.Node(), "package.json"))
					if got, want := err == nil, one == target; got != want {
						t.Errorf("the package for %s is there: got %v, want %v\n%s", one, got, want, log)
					}
				}
			})
		}
	}
}
