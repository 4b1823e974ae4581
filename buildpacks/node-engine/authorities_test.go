package nodeengine_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAuthoritiesThatCannotBeAddedAreAnError(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		spoil      func(f *fixture)
	}{
		{"the layer of the last build", "failed to parse layer content metadata", func(f *fixture) { f.write(t, f.layers, "ca-certificates.toml", "[") }},
		{"the system's own", "reading the system's certificates", func(f *fixture) { f.set("SSL_CERT_FILE=" + f.layers) }},
	} {
		f := newFixture(t)
		server := httptest.NewTLSServer(http.HandlerFunc(f.serve))
		t.Cleanup(server.Close)
		f.trust(t, server)
		tc.spoil(f)
		if _, err := f.build(both()); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", tc.name, err, tc.want)
		}
	}
}

func TestAVariableGoesBeforeTheAuthoritiesOfABinding(t *testing.T) {
	f := newFixture(t)
	server := httptest.NewTLSServer(http.HandlerFunc(f.serve))
	t.Cleanup(server.Close)
	f.trust(t, server)
	for _, set := range []bool{false, true} {
		if set {
			f.set("NODE_EXTRA_CA_CERTS=/own.pem")
		}
		if _, err := f.build(both()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(f.log.String(), "WARNING: NODE_EXTRA_CA_CERTS is set to /own.pem, so Node.js does not see the bindings"); got != set {
			t.Errorf("set: %v\n%s", set, &f.log)
		}
	}
}
