//go:build linux

package phases

import (
	"encoding/pem"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestTheUsersBindingGoesBeforeTheHosts(t *testing.T) {
	base, ca := t.TempDir(), t.TempDir()+"/ca.pem"
	write(t, base+"/host-ca/type", "mine")
	write(t, base+"/again/host-ca/type", "x")
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	write(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	getenv := func(name string) string { return map[string]string{"NODE_EXTRA_CA_CERTS": ca}[name] }
	dir := t.TempDir()
	if err := writePlatform(dir, nil, nil, getenv); err != nil || len(names(dir+"/bindings/host-ca")) != 2 || len(names(dir)) != 3 {
		t.Errorf("the host's: got %q, %q, %v", names(dir), names(dir+"/bindings/host-ca"), err)
	}
	dir = t.TempDir()
	if err := writePlatform(dir, nil, []string{base + "/host-ca"}, getenv); err != nil || !slices.Equal(names(dir+"/bindings/host-ca"), []string{"type"}) || len(names(dir)) != 3 {
		t.Errorf("the user's: got %q, %q, %v", names(dir), names(dir+"/bindings/host-ca"), err)
	}
	if err := writePlatform(t.TempDir(), nil, []string{base + "/host-ca", base + "/again/host-ca"}, getenv); !isFailure(err, "binding-unusable", base+"/again") || !strings.Contains(err.Error(), "two bindings have the name host-ca") {
		t.Errorf("two of a name: got %v", err)
	}
}
