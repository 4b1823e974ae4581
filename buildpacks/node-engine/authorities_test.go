package nodeengine_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAuthoritiesThatCannotBeAddedAreAnError(t *testing.T) {
	f := newFixture(t)
	server := httptest.NewTLSServer(http.HandlerFunc(f.serve))
	t.Cleanup(server.Close)
	f.trust(t, server)
	f.set("SSL_CERT_FILE=" + f.layers)
	if _, err := f.build(both()); err == nil || !strings.Contains(err.Error(), "reading the system's certificates") {
		t.Errorf("got %v", err)
	}
}

// What an earlier build left in the layer, readable or not, is not in it any more.
func TestTheLayerOfAuthoritiesIsMadeAnew(t *testing.T) {
	f := newFixture(t)
	server := httptest.NewTLSServer(http.HandlerFunc(f.serve))
	t.Cleanup(server.Close)
	f.trust(t, server)
	f.write(t, f.layers, "ca-certificates.toml", "[")
	f.write(t, f.layers, "ca-certificates/old.pem", "old")
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(tree(t, layer(t, result, "ca-certificates").Path), " "); got != "bindings.pem bundle.pem" {
		t.Errorf("got %s", got)
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
