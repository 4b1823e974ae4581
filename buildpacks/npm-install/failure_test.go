package npminstall_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

var update = flag.Bool("update", false, "write what failures say into testdata")

// scene is an app that is about to fail.
type scene struct {
	t    *testing.T
	app  string
	npms *registry
	env  environ.List
}

// answers lets every request be answered with a status.
func (s *scene) answers(status int) {
	s.npms.answers(func(w http.ResponseWriter, r *http.Request) bool {
		http.Error(w, `{"error":"`+strings.ToLower(http.StatusText(status))+`"}`, status)
		return true
	})
}

func (s *scene) write(contents files) { writeFiles(s.t, s.app, contents) }

const onWord = `{"name":"app","version":"1.0.0","dependencies":{"word":"1.0.0"}}`

// withScript publishes a package that runs a script when it is installed.
func (s *scene) withScript(script string, extra files) {
	s.npms.publish("scripted", "1.0.0", map[string]any{"hasInstallScript": true, "scripts": map[string]string{"install": script}}, extra)
	s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"scripted":"1.0.0"},"allowScripts":{"scripted":true}}`})
}

// failing is an app that cannot be built, and the id of the failure.
type failing struct {
	name, id string
	prepare  func(s *scene)
}

var failures = []failing{
	{"lockfile-out-of-step", "lockfile-out-of-step", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npms.lock(s.env, s.app)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"word":"1.1.0","tool":"2.0.0"}}`})
	}},
	{"lockfile-invalid", "lockfile-invalid", func(s *scene) {
		s.write(files{"package.json": onWord, "package-lock.json": "{\n<<<<<<< HEAD\n"})
	}},
	{"registry-refuses-connections", "npm-registry-unreachable", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npms.Close()
	}},
	{"registry-is-out-of-order", "npm-registry-unreachable", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.answers(http.StatusServiceUnavailable)
	}},
	{"registry-has-too-many-requests", "npm-registry-unreachable", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.answers(http.StatusTooManyRequests)
	}},
	{"archive-differs", "package-integrity-mismatch", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npms.lock(s.env, s.app)
		other := s.npms.releases["word"]["1.1.0"]
		s.npms.releases["word"]["1.0.0"] = other
	}},
	{"dependency-conflict", "dependency-conflict", func(s *scene) {
		s.npms.publish("plugin", "1.0.0", map[string]any{"peerDependencies": map[string]string{"word": "1.1.0"}}, nil)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"word":"1.0.0","plugin":"1.0.0"}}`})
	}},
	{"login-wanted", "npm-registry-unauthorized", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.answers(http.StatusUnauthorized)
	}},
	{"forbidden", "npm-registry-forbidden", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.answers(http.StatusForbidden)
	}},
	{"package-not-found", "package-not-found", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"@scope/nobody":"1.0.0"}}`})
	}},
	{"package-not-found-and-npm-is-silent", "package-not-found", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"@scope/nobody":"1.0.0"}}`})
		s.env = s.env.With("NPM_CONFIG_LOGLEVEL", "silent")
	}},
	{"version-not-found", "package-version-not-found", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"word":"7"}}`})
	}},
	{"unknown-authority", "ca-unknown", func(s *scene) {
		s.write(files{"package.json": onWord})
		secure := httptest.NewTLSServer(s.npms)
		s.t.Cleanup(secure.Close)
		s.env = s.env.With("NPM_CONFIG_REGISTRY", secure.URL+"/")
	}},
	{"engine-mismatch", "engine-mismatch", func(s *scene) {
		s.npms.publish("old", "1.0.0", map[string]any{"engines": map[string]string{"node": "0.10"}}, nil)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"old":"1.0.0"}}`, ".npmrc": "engine-strict=true\n"})
	}},
	{"not-for-this-platform", "package-platform-mismatch", func(s *scene) {
		s.npms.publish("mac", "1.0.0", map[string]any{"os": []string{"darwin"}}, nil)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"mac":"1.0.0"}}`})
	}},
	{"the-project-not-for-this-platform", "package-platform-mismatch", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","os":["darwin"]}`})
	}},
	{"script-of-a-package", "package-script-failed", func(s *scene) { s.withScript("echo something is wrong; exit 3", nil) }},
	{"script-of-the-project", "package-script-failed", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"postinstall":"tsc"}}`})
	}},
	{"script-of-the-project-says-why", "package-script-failed", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"prepare":"node -e \"throw new TypeError('no such thing')\""}}`})
	}},
	{"script-of-the-project-for-another-target", "package-script-failed", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"prepare":"husky"}}`})
	}},
	{"script-that-exits-for-another-target", "package-script-failed", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"postinstall":"node -e \"process.exit(3)\""}}`})
	}},
	{"script-that-speaks-for-another-target", "package-script-failed", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"postinstall":"printf 'fine\\n\\033[31mno licence key\\033[0m\\n\\n'; exit 4"}}`})
	}},
	{"hook-for-another-target", "package-script-failed", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"preprepare":"exit 5","prepare":"true"}}`})
	}},
	{"script-of-a-workspace-for-another-target", "package-script-failed", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{
			"package.json":            `{"name":"app","version":"1.0.0","workspaces":["packages/*"]}`,
			"packages/a/package.json": `{"name":"a","version":"1.0.0","scripts":{"postinstall":"node missing.js"}}`,
		})
		s.npms.lock(s.env, s.app)
	}},
	{"script-that-installs-for-another-target", "package-not-found", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"postinstall":"npm install --no-save nobody-has-this"}}`})
	}},
	{"script-of-the-project-with-modules", "package-script-failed", func(s *scene) {
		s.write(files{
			"package.json":                   `{"name":"app","version":"1.0.0","scripts":{"preinstall":"exit 6"},"dependencies":{"word":"1.0.0"}}`,
			"node_modules/word/package.json": `{"name":"word","version":"1.0.0"}`,
		})
	}},
	{"script-that-fetches", "script-host-unreachable", func(s *scene) {
		s.withScript("echo Error: getaddrinfo ENOTFOUND download.example >&2; exit 1", nil)
	}},
	{"script-that-fetches-with-curl-for-another-target", "script-host-unreachable", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.withScript("echo 'curl: (6) Could not resolve host: download.example' >&2; exit 6", nil)
	}},
	{"script-that-asks-this-machine", "package-script-failed", func(s *scene) {
		s.withScript("echo Error: connect ECONNREFUSED 127.0.0.1:5432 >&2; exit 1", nil)
	}},
	{"archive-of-a-host-that-does-not-answer", "dependency-source-unreachable", func(s *scene) {
		s.write(files{"package.json": fmt.Sprintf(`{"name":"app","version":"1.0.0","dependencies":{"x":"http://%s/x.tgz"}}`, elsewhere(s.t, nil)), ".npmrc": "allow-remote=all\n"})
	}},
	{"archive-of-a-host-that-does-not-have-it", "dependency-source-refused", func(s *scene) {
		s.write(files{"package.json": fmt.Sprintf(`{"name":"app","version":"1.0.0","dependencies":{"x":"http://%s/x.tgz"}}`, elsewhere(s.t, http.NotFoundHandler())), ".npmrc": "allow-remote=all\n"})
	}},
	{"registry-of-the-lockfile-does-not-answer", "npm-registry-unreachable", func(s *scene) {
		s.write(files{
			"package.json": onWord,
			"package-lock.json": fmt.Sprintf(`{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"app","version":"1.0.0","dependencies":{"word":"1.0.0"}},`+
				`"node_modules/word":{"version":"1.0.0","resolved":"http://%s/word/-/word-1.0.0.tgz"}}}`, elsewhere(s.t, nil)),
			".npmrc": "allow-remote=all\n",
		})
	}},
	{"registry-of-a-scope-does-not-answer", "npm-registry-unreachable", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"@x/y":"1.0.0"}}`, ".npmrc": fmt.Sprintf("@x:registry=http://%s/\n", elsewhere(s.t, nil))})
	}},
	{"npm-says-something-else", "npm-failed", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat("echo first; echo the last words; echo; exit 7")
	}},
	{"npm-says-nothing", "npm-failed", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat("exit 7")
	}},
	{"script-of-a-workspace", "package-script-failed", func(s *scene) {
		s.write(files{
			"package.json":            `{"name":"app","version":"1.0.0","workspaces":["packages/*"]}`,
			"packages/a/package.json": `{"name":"a","version":"1.0.0","scripts":{"postinstall":"exit 9"}}`,
		})
	}},
	{"out-of-memory", "out-of-memory", func(s *scene) {
		s.withScript(`node --max-old-space-size=20 -e "const a=[];for(;;)a.push(new Array(1000).fill({}))"`, nil)
	}},
	{"killed-script", "out-of-memory", func(s *scene) { s.withScript("kill -9 $$", nil) }},
	{"killed-npm", "out-of-memory", func(s *scene) { s.withScript("kill -9 $PPID", nil) }},
	{"registry-breaks-off", "npm-registry-unreachable", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npms.answers(func(w http.ResponseWriter, r *http.Request) bool {
			connection, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				connection.(*net.TCPConn).SetLinger(0)
				connection.Close()
			}
			return true
		})
	}},
	{"registry-has-an-error", "npm-registry-unreachable", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.answers(http.StatusInternalServerError)
	}},
	{"registry-has-no-tls", "npm-registry-no-tls", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.env = s.env.With("NPM_CONFIG_REGISTRY", strings.Replace(s.npms.URL, "http:", "https:", 1)+"/")
	}},
	{"certificate-out-of-date", "certificate-invalid", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.overTLS(time.Now().Add(-time.Hour))
	}},
	{"proxy-wants-a-login", "npm-proxy-refuses", func(s *scene) {
		s.write(files{"package.json": onWord})
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "no", http.StatusProxyAuthRequired)
		}))
		s.t.Cleanup(proxy.Close)
		s.env = s.env.With("NPM_CONFIG_REGISTRY", "http://registry.example/").With("HTTP_PROXY", proxy.URL)
	}},
	{"proxy-is-no-address", "npm-proxy-refuses", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.env = s.env.With("NPM_CONFIG_REGISTRY", "http://registry.example/").With("HTTP_PROXY", "gopher://proxy.example:70")
	}},
	{"offline-and-not-in-the-cache", "npm-cache-incomplete", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npms.lock(s.env, s.app)
		s.env = s.env.With("NPM_CONFIG_OFFLINE", "true")
	}},
	{"archive-is-none", "package-archive-broken", func(s *scene) {
		s.write(files{"package.json": onWord})
		broken := s.npms.releases["word"]["1.0.0"]
		broken.tarball = broken.tarball[:len(broken.tarball)/2]
		s.npms.releases["word"]["1.0.0"] = broken
	}},
	{"dev-engines", "dev-engines-mismatch", func(s *scene) {
		needNPMFrom(s.t, s.env, 11)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","devEngines":{"runtime":{"name":"node","version":"1","onFail":"error"}}}`})
	}},
	{"git-not-allowed", "dependency-source-not-allowed", func(s *scene) {
		needNPMFrom(s.t, s.env, 12)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"x":"git+https://git.example/x.git"}}`})
	}},
	{"git-missing", "git-missing", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"x":"git+https://git.example/x.git"}}`, ".npmrc": "allow-git=all\n"})
		s.env = s.env.With("PATH", only(s.t, s.env, "node", "npm", "sh", "env", "sed", "dirname", "uname", "basename"))
	}},
	{"git-repository-missing", "git-dependency-failed", func(s *scene) {
		s.write(files{
			"package.json": fmt.Sprintf(`{"name":"app","version":"1.0.0","dependencies":{"x":"git+%s/x.git"}}`, s.npms.URL),
			".npmrc":       "allow-git=all\n",
		})
	}},
	{"git-host-does-not-answer", "dependency-source-unreachable", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat(`printf 'npm error code 128\nnpm error An unknown git error occurred\nnpm error command git --no-replace-objects ls-remote https://user:x@git.example.com/a/b.git\nnpm error fatal: unable to access: Could not resolve host: git.example.com\n' >&2; exit 1`)
	}},
	{"git-host-does-not-answer-ssh", "dependency-source-unreachable", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat(`printf 'npm error code 128\nnpm error An unknown git error occurred\nnpm error command git --no-replace-objects ls-remote ssh://git@git.example.com:2299/a.git\nnpm error ssh: connect to host git.example.com port 2299: Connection refused\nnpm error fatal: Could not read from remote repository.\n' >&2; exit 1`)
	}},
	{"git-has-no-key", "git-dependency-failed", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat(`printf 'npm error code 128\nnpm error An unknown git error occurred\nnpm error command git --no-replace-objects ls-remote ssh://git@git.example.com/a.git\nnpm error git@git.example.com: Permission denied (publickey).\nnpm error fatal: Could not read from remote repository.\n' >&2; exit 1`)
	}},
	{"git-commit-missing", "git-dependency-failed", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat(`printf 'npm error code 128\nnpm error An unknown git error occurred\nnpm error command git --no-replace-objects checkout f38794de84cb09e81e8388cad84cfb8aadca6193\nnpm error fatal: unable to read tree (f38794de84cb09e81e8388cad84cfb8aadca6193)\n' >&2; exit 1`)
	}},
	{"dependency-is-no-string", "package-json-invalid", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"word":null}}`})
	}},
	{"workspaces-are-null", "package-json-invalid", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","workspaces":null,"dependencies":{"word":"1.0.0"}}`})
	}},
	{"locked-archive-missing", "file-missing", func(s *scene) {
		s.write(files{
			"package.json":      `{"name":"app","version":"1.0.0","dependencies":{"digital":"file:digital.tgz"}}`,
			"package-lock.json": `{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"app","version":"1.0.0","dependencies":{"digital":"file:digital.tgz"}},"node_modules/digital":{"version":"1.0.0","resolved":"file:digital.tgz"}}}`,
		})
	}},
	{"archive-missing", "linked-folder-missing", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"x":"file:vendor/x.tgz"}}`})
	}},
	{"folder-missing", "linked-folder-missing", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"x":"../x"}}`})
	}},
	{"registry-is-no-address", "npm-address-invalid", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.env = s.env.With("NPM_CONFIG_REGISTRY", "registry.example")
	}},
	{"registry-is-a-variable-that-is-not-set", "npm-address-invalid", func(s *scene) {
		s.write(files{"package.json": onWord, ".npmrc": "registry=${NOBODY_SETS_THIS}\n"})
		s.env = s.env.Without("NPM_CONFIG_REGISTRY").Without("npm_config_registry")
	}},
	{"login-for-no-registry", "npm-auth-invalid", func(s *scene) {
		s.write(files{"package.json": onWord, ".npmrc": "registry=https://registry.example/\n_auth=bmFtZTpwYXNz\n"})
		s.env = s.env.Without("NPM_CONFIG_REGISTRY").Without("npm_config_registry")
	}},
	{"registry-is-none", "npm-registry-odd", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.answers(http.StatusMethodNotAllowed)
	}},
	{"payment-wanted", "npm-registry-forbidden", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.answers(http.StatusPaymentRequired)
	}},
	{"package-gone", "package-not-found", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.answers(http.StatusGone)
	}},
	{"option-of-node-unknown", "node-options-invalid", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.env = s.env.With("NODE_OPTIONS", "--no-such-option")
	}},
	{"npm-version-missing", "package-version-not-found", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npms.publish("npm", "1.0.0", nil, nil)
		s.env = s.env.With("BP_NPM_VERSION", "99")
	}},
	{"npm-version-invalid", "npm-version-invalid", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.env = s.env.With("BP_NPM_VERSION", "eleven or so")
	}},
	{"npm-version-with-a-comma", "npm-version-invalid", func(s *scene) { // which npm itself refuses
		s.write(files{"package.json": onWord})
		s.env = s.env.With("BP_NPM_VERSION", ">=10, <12")
	}},
	{"protocol-of-another-manager", "dependency-protocol-unknown", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"x":"workspace:*"}}`})
	}},
	{"name-of-a-package", "package-json-invalid", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"a name!":"1.0.0"}}`})
	}},
	{"two-workspaces-of-a-name", "package-json-invalid", func(s *scene) {
		s.write(files{
			"package.json":   `{"name":"app","version":"1.0.0","workspaces":["a","b"]}`,
			"a/package.json": `{"name":"w","version":"1.0.0"}`,
			"b/package.json": `{"name":"w","version":"1.0.0"}`,
		})
	}},
	{"python-missing", "python-missing", func(s *scene) {
		s.withScript("node-gyp rebuild", files{"binding.gyp": `{"targets":[{"target_name":"x","sources":["x.c"]}]}`})
		s.env = s.env.With("PATH", only(s.t, s.env, "node", "npm", "sh", "env", "sed", "dirname", "uname", "basename"))
	}},
	{"make-missing", "compiler-missing", func(s *scene) {
		s.withScript("make", nil)
		s.env = s.env.With("PATH", only(s.t, s.env, "node", "npm", "sh", "env", "sed", "dirname", "uname", "basename"))
	}},
	{"script-runs-another-machines-program", "target-program-executed", func(s *scene) {
		s.withScript("chmod +x program && ./program", files{"program": library(otherTarget(s.t).ELF())})
	}},
	{"install-scripts-not-allowed", "install-scripts-not-allowed", func(s *scene) {
		needNPMFrom(s.t, s.env, 12)
		s.withScript("true", nil)
		s.write(files{
			"package.json": `{"name":"app","version":"1.0.0","dependencies":{"scripted":"1.0.0"}}`,
			".npmrc":       "strict-allow-scripts=true\n",
		})
	}},
	{"setting-invalid", "setting-invalid", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.env = s.env.With("BP_DISABLE_SBOM", "yes")
	}},
	{"vendored-modules-incomplete", "vendored-modules-incomplete", func(s *scene) {
		s.write(files{"package.json": onWord, "node_modules/other/package.json": `{"name":"other","version":"1.0.0"}`})
	}},
}

// elsewhere is an address on this machine that is not the registry's host, where
// a handler answers, or nobody does.
func elsewhere(t *testing.T, handler http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("there is no second address on this machine: %s", err)
	}
	if handler == nil {
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		return listener.Addr().String()
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	return listener.Addr().String()
}

// npmThat lets `npm install` do something else.
func (s *scene) npmThat(does string) {
	dir := s.t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nif [ \"$1\" = install ]; then %s; fi\nexec %s \"$@\"\n", does, find(s.t, s.env, "npm"))
	if err := os.WriteFile(filepath.Join(dir, "npm"), []byte(script), 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.env = s.env.With("PATH", dir+":"+s.env.Get("PATH"))
}

// run fails with the npm of a release line, which is in a folder, or with that
// on the PATH.
func (f failing) run(t *testing.T, npmDir, line string) {
	npms := newRegistry(t)
	npms.publish("word", "1.0.0", nil, nil)
	npms.publish("word", "1.1.0", nil, nil)
	npms.publish("tool", "2.0.0", nil, nil)
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t)}
	if npmDir != "" {
		s.env = s.env.With("PATH", npmDir+":"+s.env.Get("PATH"))
	}
	f.prepare(s)
	err, log := s.build(t.TempDir())
	if !errors.Is(err, &failure.Failure{ID: f.id}) {
		t.Fatalf("got %v, want the id %s\n%s", err, f.id, log)
	}
	path := filepath.Join("testdata", "failures", f.name+".txt")
	if own := strings.TrimSuffix(path, ".txt") + "-of-npm-" + line + ".txt"; exists(own) {
		path = own // where this npm has words of its own
	}
	golden(t, path, s.general(err.Error()))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// needNPMFrom skips what older majors of npm do not do.
func needNPMFrom(t *testing.T, env environ.List, major int) {
	t.Helper()
	cmd := exec.Command(find(t, env, "npm"), "--version")
	cmd.Env = env
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(output), ".")
	if got, err := strconv.Atoi(text); err != nil || got < major {
		t.Skipf("npm is %s, and only npm %d and later do this", strings.TrimSpace(string(output)), major)
	}
}

func TestBlockedInstallScriptsAreNamed(t *testing.T) {
	t.Parallel()
	needNPM(t)
	npms := newRegistry(t)
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t)}
	needNPMFrom(t, s.env, 12)
	s.withScript("exit 1", nil)
	s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"scripted":"1.0.0"}}`})
	err, log := s.build(t.TempDir())
	if err != nil || !strings.Contains(log, "scripted@1.0.0 (install: exit 1)") {
		t.Errorf("got %v\n%s", err, log)
	}
}

func TestScriptsThatAreAllowedAreNotNamed(t *testing.T) {
	t.Parallel()
	needNPM(t)
	npms := newRegistry(t)
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t)}
	s.withScript("echo made > made", nil)
	layers := t.TempDir()
	err, log := s.build(layers)
	if err != nil || strings.Contains(log, "has not run install scripts") {
		t.Errorf("got %v\n%s", err, log)
	}
	if _, err := os.Stat(filepath.Join(layers, "launch-modules", "node_modules", "scripted", "made")); err != nil {
		t.Errorf("the script did not run: %s", err)
	}
}

func (s *scene) build(layers string) (error, string) { return s.buildWith(layers, launchOnly) }

func (s *scene) buildWith(layers string, plan packit.BuildpackPlan) (error, string) {
	var log bytes.Buffer
	_, err := npminstall.Build(s.env, scribe.NewEmitter(&log))(packit.BuildContext{
		WorkingDir: s.app,
		Layers:     packit.Layers{Path: layers},
		Plan:       plan,
	})
	return err, log.String()
}

// general takes out of a text what differs from one run to the next, and from
// one release of npm to the next.
func (s *scene) general(text string) string {
	for _, one := range []struct{ from, to string }{
		{regexp.QuoteMeta(s.app), "/workspace"},
		{`https?://127\.0\.0\.1:\d+`, "https://registry.example"},
		{`127\.0\.0\.1:[1-46-9]\d+`, "registry.example:443"},
		{`127\.0\.0\.2:\d+`, "elsewhere.example:443"},
		{`http%3a%2f%2f[^ ]*`, "REGISTRY"},
		{`Actual: .*`, "Actual: OURS"},
		{`npm@\d+ `, "npm@LINE "},
		{`npm version failed: npm's configuration`, "npm install failed: npm's configuration"}, // which some find out earlier
		{`match "v[\d.]+"`, `match "OURS"`},
	} {
		text = regexp.MustCompile(one.from).ReplaceAllString(text, one.to)
	}
	return text + "\n"
}

// only makes a folder with links to these programs of the PATH of an
// environment, and returns it.
func only(t *testing.T, env environ.List, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.Symlink(find(t, env, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant, as in %s,\n%s\n(go test -run TestFailures -update writes it anew)", got, path, want)
	}
}

func TestAHostThatDoesNotExistIsAnUnreachableRegistry(t *testing.T) {
	t.Parallel()
	needNPM(t)
	npms := newRegistry(t)
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t).With("NPM_CONFIG_REGISTRY", "http://registry.invalid/")}
	s.write(files{"package.json": onWord})
	err, log := s.build(t.TempDir())
	var f *failure.Failure
	if !errors.As(err, &f) || f.ID != "npm-registry-unreachable" || !f.Transient {
		t.Errorf("got %v\n%s", err, log)
	}
}

// smallDisk mounts a file system of that many bytes.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("mounting a small file system needs root: %s", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestAFullDiskIsNamed(t *testing.T) {
	t.Parallel()
	needNPM(t)
	for _, tc := range []struct{ name, size string }{
		{"where npm has its cache", "size=64k"},
		{"where the layer is copied to", "size=1500k"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			npms := newRegistry(t)
			large := bytes.Repeat([]byte("x"), 2<<20) // next to nothing in the cache, which keeps the archive
			npms.publish("word", "1.0.0", nil, files{"large": string(large)})
			s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t)}
			s.write(files{"package.json": onWord})
			layers := smallDisk(t, tc.size)
			err, log := s.build(layers)
			if !errors.Is(err, &failure.Failure{ID: "disk-full"}) {
				t.Errorf("got %v\n%s", err, log)
			}
			if _, err := os.Stat(filepath.Join(layers, "launch-modules", "node_modules")); err == nil {
				t.Error("half of the modules are left")
			}
		})
	}
}
