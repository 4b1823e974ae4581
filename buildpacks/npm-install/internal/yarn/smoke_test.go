package yarn

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// archive is the archive of a package with a manifest.
func archive(t *testing.T, manifest string) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	packed := tar.NewWriter(zipped)
	if err := packed.WriteHeader(&tar.Header{Name: "package/package.json", Mode: 0o644, Size: int64(len(manifest))}); err != nil {
		t.Fatal(err)
	}
	packed.Write([]byte(manifest))
	packed.Close()
	zipped.Close()
	return b.Bytes()
}

// privateRegistry has @x/word, for whoever has the token.
func privateRegistry(t *testing.T, token string) (url, sha1Hex, integrity string) {
	t.Helper()
	content := archive(t, `{"name":"@x/word","version":"1.0.0"}`)
	first, second := sha1.Sum(content), sha512.Sum512(content)
	sha1Hex, integrity = hex.EncodeToString(first[:]), "sha512-"+base64.StdEncoding.EncodeToString(second[:])
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+token:
			http.Error(w, "who are you?", http.StatusUnauthorized)
		case strings.HasSuffix(r.URL.Path, ".tgz"):
			w.Write(content)
		default:
			json.NewEncoder(w).Encode(map[string]any{"name": "@x/word", "versions": map[string]any{"1.0.0": map[string]any{
				"name": "@x/word", "version": "1.0.0", "dist": map[string]any{"integrity": integrity, "tarball": "http://" + r.Host + "/@x/word/-/word-1.0.0.tgz"},
			}}})
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, sha1Hex, integrity
}

// installReally lets real Yarn install an app for its launch, and returns the log.
func installReally(t *testing.T, version, app, platform, layers string, target targets.Target) string {
	t.Helper()
	var log bytes.Buffer
	emitter := scribe.NewEmitter(&log)
	env := environ.List(os.Environ()).With("HOME", t.TempDir()).With("CNB_TARGET_OS", target.OS).With("CNB_TARGET_ARCH", target.Arch)
	_, err := modules.Build(env, emitter, New(env, emitter, programs.Request{Manager: "yarn", Version: version}))(packit.BuildContext{
		WorkingDir: app, Layers: packit.Layers{Path: layers}, Platform: packit.Platform{Path: platform},
		Plan: packit.BuildpackPlan{Entries: []packit.BuildpackPlanEntry{{Name: "node_modules", Metadata: map[string]any{"launch": true, "relinks": true}}}},
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	return log.String()
}

// Real Yarn installs from a registry that wants a token, which the npmrc binding has,
// and leaves the app's files alone.
func TestRealYarnInstallsFromAPrivateRegistry(t *testing.T) {
	tier.Beyond(t, "Node.js, and Yarn from npm's registry")
	for _, version := range []string{"1.22.22", "4.18.1"} {
		t.Run(version, func(t *testing.T) {
			url, sum, integrity := privateRegistry(t, "s3cret")
			lock := fmt.Sprintf("# yarn lockfile v1\n\n\n\"@x/word@^1.0.0\":\n  version \"1.0.0\"\n  resolved \"%s/@x/word/-/word-1.0.0.tgz#%s\"\n  integrity %s\n", url, sum, integrity)
			if majorOf(version) > 1 {
				lock = "__metadata:\n  version: 10\n  cacheKey: 10c0\n\n\"@x/word@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"@x/word@npm:1.0.0\"\n  languageName: node\n  linkType: hard\n\n" +
					"\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n    \"@x/word\": \"npm:^1.0.0\"\n  languageName: unknown\n  linkType: soft\n"
			}
			app, platform, layers := t.TempDir(), t.TempDir(), t.TempDir()
			contents := files{"package.json": `{"name":"app","dependencies":{"@x/word":"^1.0.0"}}`, "yarn.lock": lock, ".yarnrc.yml": "nodeLinker: node-modules\n"}
			writeFiles(t, app, contents)
			writeFiles(t, platform, files{
				"bindings/npm/type":   "npmrc",
				"bindings/npm/.npmrc": fmt.Sprintf("@x:registry=%s/\n%s/:_authToken=s3cret\n", url, strings.TrimPrefix(url, "http:")),
			})
			host, err := targets.Host()
			if err != nil {
				t.Fatal(err)
			}
			installReally(t, version, app, platform, layers, host)
			if _, err := os.Stat(filepath.Join(app, "node_modules", "@x", "word", "package.json")); err != nil {
				t.Errorf("got %v", err)
			}
			for name, want := range contents {
				if got, err := os.ReadFile(filepath.Join(app, name)); err != nil || string(got) != want {
					t.Errorf("%s has changed to %q, %v", name, got, err)
				}
			}
			for _, note := range []string{classicState, berryState, installState} {
				if _, err := os.Stat(filepath.Join(layers, "launch-modules", "node_modules", note)); err == nil {
					t.Errorf("the layer has Yarn's %s", note)
				}
			}
		})
	}
}
