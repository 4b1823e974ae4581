package distribution_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/node/distribution"
)

// mirror is an https server that wants a user and a password, which has a comma
// in it, or a token in the query, and has everything below /mirror.
type mirror struct {
	*httptest.Server
	asked atomic.Int32
	fault http.HandlerFunc // answers in its place when not nil
}

func newMirror(t *testing.T) *mirror {
	m := &mirror{}
	m.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.asked.Add(1)
		user, password, _ := r.BasicAuth()
		switch {
		case m.fault != nil:
			m.fault(w, r)
		case (user != "me" || password != "secret,=x") && r.URL.Query().Get("token") != "secret":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			fmt.Fprint(w, "bytes of "+strings.TrimPrefix(r.URL.Path, "/mirror"))
		}
	}))
	t.Cleanup(m.Close)
	return m
}

// address is the mirror's, with the user and the password.
func (m *mirror) address() string {
	u, _ := url.Parse(m.URL)
	u.User = url.UserPassword("me", "secret,=x")
	return u.String() + "/mirror"
}

func (m *mirror) client() *fetch.Client {
	roots := x509.NewCertPool()
	roots.AddCert(m.Certificate())
	client := fetch.New(roots)
	client.Attempts, client.Pause = 2, time.Millisecond
	return client
}

func TestMirrorsAndMappingsOverHTTPS(t *testing.T) {
	const host = "127.0.0.1" // of the world's nodejs.org
	for _, tc := range []struct {
		name     string
		environ  func(address string) []string
		bindings func(address, sum string) []servicebindings.Binding
	}{
		{name: "the variable", environ: func(address string) []string { return []string{"BP_DEPENDENCY_MIRROR=" + address} }},
		{name: "the variable of the host", environ: func(address string) []string {
			return []string{"BP_DEPENDENCY_MIRROR_127_0_0_1=" + address}
		}},
		{name: "a binding for all hosts", bindings: func(address, _ string) []servicebindings.Binding {
			return []servicebindings.Binding{binding("dependency-mirror", map[string]string{"default": address})}
		}},
		{name: "a binding for the host", bindings: func(address, _ string) []servicebindings.Binding {
			return []servicebindings.Binding{binding("dependency-mirror", map[string]string{host: address})}
		}},
		{name: "a mapping", bindings: func(address, sum string) []servicebindings.Binding {
			return []servicebindings.Binding{binding("dependency-mapping", map[string]string{sum: address + "/dist/node-arm64.tar.gz"})}
		}},
		{name: "a mapping with a token in the query", bindings: func(address, sum string) []servicebindings.Binding {
			plain := regexp.MustCompile("me:.*@").ReplaceAllString(address, "")
			return []servicebindings.Binding{binding("dependency-mapping", map[string]string{sum: plain + "/dist/node-arm64.tar.gz?token=secret"})}
		}},
	} {
		for fault, answer := range map[string]http.HandlerFunc{
			"no fault":         nil,
			"a refusal":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
			"a file not there": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
			"a busy server":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
			"a changed file":   func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "changed") },
			"a broken line":    func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
			"endless redirects": func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, r.URL.Path+"?token=secret", http.StatusFound)
			},
		} {
			t.Run(tc.name+", "+fault, func(t *testing.T) {
				w, m := newWorld(t), newMirror(t)
				m.fault = answer
				need := w.needs()[:1]
				var environ []string
				var bindings []servicebindings.Binding
				if tc.environ != nil {
					environ = tc.environ(m.address())
				}
				if tc.bindings != nil {
					bindings = tc.bindings(m.address(), need[0].Release.Archive.Checksum.String())
				}
				f := w.finder(t, distribution.NodeJSOrg)
				f.Client = m.client()
				var err error
				if f.Rewrites, err = distribution.NewRewrites(environ, bindings); err != nil {
					t.Fatal(err)
				}
				_, err = f.Find(context.Background(), need...)
				if (err == nil) != (answer == nil) {
					t.Errorf("got %v", err)
				}
				if m.asked.Load() == 0 || len(w.asked) != 0 {
					t.Errorf("the mirror was asked %d times, the original %v", m.asked.Load(), w.asked)
				}
				said := strings.Join(w.log, "\n") + fmt.Sprint(err)
				if strings.Contains(said, "secret") || !strings.Contains(said, "/mirror/dist/node-arm64.tar.gz") {
					t.Errorf("it shows the credentials, or not the address: %s", said)
				}
			})
		}
	}
}

func TestAMirrorThatIsNotTrustedStaysSo(t *testing.T) {
	w, m := newWorld(t), newMirror(t)
	f := w.finder(t, distribution.NodeJSOrg)
	f.Client = fetch.New(x509.NewCertPool())
	var err error
	if f.Rewrites, err = distribution.NewRewrites([]string{"BP_DEPENDENCY_MIRROR=" + m.address()}, nil); err != nil {
		t.Fatal(err)
	}
	_, err = f.Find(context.Background(), w.needs()[0])
	if err == nil || transient(err) || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "ca-certificates binding") {
		t.Errorf("got %v, transient %v", err, transient(err))
	}
}
