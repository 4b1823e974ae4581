package npminstall_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// registryFailures are those of registries, and of the way to them.
var registryFailures = []failing{
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
	{"offline-and-only-the-lockfile", "lockfile-needs-npm", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npms.lock(s.env, s.app)
		s.env = s.env.With("NPM_CONFIG_OFFLINE", "true").With("BP_NODE_INSTALLER", "lockfile")
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
}
