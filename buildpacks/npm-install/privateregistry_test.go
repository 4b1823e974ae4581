//go:build managers

package npminstall_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
)

// private is a registry with @x/word behind an authority of its own, for whoever has
// the token "s3cret".
type private struct {
	url, authority string // of the registry, and the path of its certificate
	sum, integrity string
}

func newPrivate(t *testing.T) private {
	t.Helper()
	content := pack(t, files{"package.json": `{"name":"@x/word","version":"1.0.0"}`, "index.js": `module.exports = "private"`})
	sum := sha1.Sum(content)
	p := private{integrity: integrity(content), sum: hex.EncodeToString(sum[:]), authority: filepath.Join(t.TempDir(), "ca.pem")}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer s3cret":
			http.Error(w, `{"error":"who are you?"}`, http.StatusUnauthorized)
		case strings.HasSuffix(r.URL.Path, ".tgz"):
			w.Write(content)
		default:
			version := map[string]any{"name": "@x/word", "version": "1.0.0", "dist": map[string]any{
				"integrity": p.integrity, "shasum": p.sum, "tarball": "https://" + r.Host + "/@x/word/-/word-1.0.0.tgz",
			}}
			json.NewEncoder(w).Encode(map[string]any{"name": "@x/word", "dist-tags": map[string]string{"latest": "1.0.0"}, "versions": map[string]any{"1.0.0": version}})
		}
	}))
	leaf, root := certified(t)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{leaf}}
	server.StartTLS()
	t.Cleanup(server.Close)
	p.url = server.URL
	if err := os.WriteFile(p.authority, root, 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// certified returns a certificate for this machine, and that of the authority that
// vouches for it, as PEM.
func certified(t *testing.T) (leaf tls.Certificate, root []byte) {
	t.Helper()
	var keys [2]*ecdsa.PrivateKey
	for i := range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = key
	}
	from, until := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "registry"}, NotBefore: from, NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	above, err := x509.CreateCertificate(rand.Reader, authority, authority, keys[0].Public(), keys[0])
	if err != nil {
		t.Fatal(err)
	}
	below, err := x509.CreateCertificate(rand.Reader, server, authority, keys[1].Public(), keys[0])
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{below}, PrivateKey: keys[1]}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: above})
}

// bringing is a buildpack's folder with the newest program of a manager in a range.
func bringing(t *testing.T, manager, version string) string {
	t.Helper()
	dir := t.TempDir()
	for _, release := range managerreleases.Known() {
		packages, ok := release.For(hostTarget(t))
		if release.Manager != manager || release.Version.String() != version || !ok {
			continue
		}
		for _, p := range packages {
			place := filepath.Join(dir, "dependencies", p.Checksum.FileName())
			if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o755), os.WriteFile(place, fetchReal(t, p.Name, p.Version), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	t.Fatalf("there is no %s %s", manager, version)
	return ""
}

// What the bindings say reaches the real managers: the registry of a scope, its token,
// and beside it the authority of node-engine's ca-certificates.
func TestBindingsReachAPrivateRegistry(t *testing.T) {
	npmrc := func(p private) files {
		return files{"npmrc/type": "npmrc", "npmrc/.npmrc": fmt.Sprintf("@x:registry=%s/\n%s/:_authToken=s3cret\n", p.url, strings.TrimPrefix(p.url, "https:"))}
	}
	pnpm9 := func(p private) files {
		return files{"pnpm-lock.yaml": "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n  excludeLinksFromLockfile: false\n\nimporters:\n\n  .:\n    dependencies:\n      '@x/word':\n        specifier: ^1.0.0\n        version: 1.0.0\n\n" +
			"packages:\n\n  '@x/word@1.0.0':\n    resolution: {integrity: " + p.integrity + "}\n\nsnapshots:\n\n  '@x/word@1.0.0': {}\n"}
	}
	berry := func(private) files {
		return files{".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": "__metadata:\n  version: 10\n  cacheKey: 10c0\n\n\"@x/word@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"@x/word@npm:1.0.0\"\n  languageName: node\n  linkType: hard\n\n" +
			"\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n    \"@x/word\": \"npm:^1.0.0\"\n  languageName: unknown\n  linkType: soft\n"}
	}
	bun := func(p private) files {
		return files{"bun.lock": `{"lockfileVersion":1,"workspaces":{"":{"name":"app","dependencies":{"@x/word":"^1.0.0"}}},"packages":{"@x/word":["@x/word@1.0.0","",{},"` + p.integrity + `"]}}`}
	}
	for _, row := range []struct {
		name, manager, version string
		app, bindings          func(p private) files
	}{
		{"npm, with npmrc", "npm", "", func(p private) files {
			return files{"package-lock.json": `{"name":"app","lockfileVersion":3,"requires":true,"packages":{"":{"name":"app","dependencies":{"@x/word":"^1.0.0"}},"node_modules/@x/word":{"version":"1.0.0","integrity":"` + p.integrity + `"}}}`}
		}, npmrc},
		{"pnpm 10, with npmrc", "pnpm", "10.34.9", pnpm9, npmrc},
		{"pnpm 12, with npmrc", "pnpm", "12.21.0", pnpm9, npmrc},
		{"Yarn 1, with npmrc and yarnrc", "yarn", "1.22.22", func(p private) files {
			return files{"yarn.lock": fmt.Sprintf("# yarn lockfile v1\n\n\n\"@x/word@^1.0.0\":\n  version \"1.0.0\"\n  resolved \"%s/@x/word/-/word-1.0.0.tgz#%s\"\n  integrity %s\n", p.url, p.sum, p.integrity)}
		}, func(p private) files {
			all := npmrc(p)
			all["yarnrc/type"], all["yarnrc/.yarnrc"] = "yarnrc", fmt.Sprintf("\"@x:registry\" \"%s/\"\n", p.url)
			return all
		}},
		{"Yarn 4, with npmrc", "yarn", "4.18.1", berry, npmrc},
		{"Yarn 4, with yarnrc", "yarn", "4.18.1", berry, func(p private) files {
			return files{"yarnrc/type": "yarnrc", "yarnrc/.yarnrc.yml": "npmScopes:\n  x:\n    npmRegistryServer: \"" + p.url + "\"\n    npmAuthToken: s3cret\n    npmAlwaysAuth: true\n"}
		}},
		{"Bun, with npmrc", "bun", "1.4.5", bun, npmrc},
		{"Bun, with bunfig", "bun", "1.4.5", bun, func(p private) files {
			return files{"bunfig/type": "bunfig", "bunfig/bunfig.toml": "[install.scopes]\nx = { url = \"" + p.url + "/\", token = \"s3cret\" }\n"}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			p := newPrivate(t)
			// A cafile of this machine's global configuration would take the place of
			// further authorities.
			writeFiles(t, f.env.Get("HOME"), files{".npmrc": "cafile=null\n"})
			if row.manager != "npm" {
				f.cnb = bringing(t, row.manager, row.version)
			}
			pin := `{"name":"app","dependencies":{"@x/word":"^1.0.0"}}`
			if row.version != "" {
				pin = strings.Replace(pin, "{", fmt.Sprintf(`{"packageManager":"%s@%s",`, row.manager, row.version), 1)
			}
			contents := row.app(p)
			contents["package.json"], contents["node.js"] = pin, `console.log(require("@x/word"))`
			upload := func() { writeFiles(t, f.app, contents) }
			upload()
			for path, text := range row.bindings(p) {
				writeFiles(t, f.platform, files{filepath.Join("bindings", path): text})
			}
			if _, err := f.build(launchOnly); !errors.Is(err, &failure.Failure{ID: "ca-unknown"}) {
				t.Errorf("without the authority: got %v, want ca-unknown\n%s", err, f.log.String())
			}
			for _, dir := range []string{f.app, f.layersDir} {
				f.Expect(os.RemoveAll(dir)).To(Succeed())
				f.Expect(os.Mkdir(dir, 0o755)).To(Succeed())
			}
			upload()
			f.env = f.env.With("NODE_EXTRA_CA_CERTS", p.authority)
			if strings.HasPrefix(row.version, "1.22.") { // it does not know null, and reads the global file last
				f.env = f.env.With("npm_config_cafile", p.authority)
			}
			f.built(launchOnly)
			if got := f.runs("node.js"); got != "private\n" {
				t.Errorf("got %q", got)
			}
			for name, want := range contents {
				if got := f.read(name); got != want {
					t.Errorf("%s has changed to %q", name, got)
				}
			}
		})
	}
}
