package nodeengine_test

import (
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
)

// trust writes a ca-certificates binding for the server's authority, and
// returns it.
func (f *fixture) trust(t *testing.T, server *httptest.Server) string {
	t.Helper()
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	f.write(t, f.platform, "bindings/company/type", "ca-certificates")
	f.write(t, f.platform, "bindings/company/root.pem", text)
	return text
}

func TestCertificatesOfABindingReachTheBuild(t *testing.T) {
	f := newFixture(t)
	server := httptest.NewTLSServer(http.HandlerFunc(f.serve))
	t.Cleanup(server.Close)
	authority := f.trust(t, server)
	system := filepath.Join(t.TempDir(), "system.pem")
	f.write(t, filepath.Dir(system), "system.pem", "the system's")
	f.set("SSL_CERT_FILE=" + system)
	result, err := f.build(both())
	if err != nil {
		t.Fatal(err)
	}
	certificates := layer(t, result, "ca-certificates")
	if !certificates.Build || certificates.Launch || certificates.Cache {
		t.Errorf("got build %v, launch %v, cache %v", certificates.Build, certificates.Launch, certificates.Cache)
	}
	for name, want := range map[string]string{
		"SSL_CERT_FILE.default":       "the system's\n" + authority,
		"GIT_SSL_CAINFO.default":      "the system's\n" + authority,
		"NODE_EXTRA_CA_CERTS.default": authority,
	} {
		if got := read(t, certificates.BuildEnv[name]); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestCertificatesOfABindingAreTrustedByDownloads(t *testing.T) {
	f := newFixture(t)
	server := httptest.NewTLSServer(http.HandlerFunc(f.serve))
	t.Cleanup(server.Close)
	f.set("NPM_CONFIG_REGISTRY=" + server.URL + "/registry")
	f.set("BP_NODE_SOURCE=npm")
	if _, err := f.build(both()); !errors.Is(err, &failure.Failure{ID: "node-download-failed"}) {
		t.Errorf("without the binding: got %v", err)
	}
	f.trust(t, server)
	if _, err := f.build(both()); err != nil {
		t.Errorf("with the binding: got %v", err)
	}
}

func TestTheCafileOfNpmrcIsTrustedByDownloads(t *testing.T) {
	f := newFixture(t)
	server := httptest.NewTLSServer(http.HandlerFunc(f.serve))
	t.Cleanup(server.Close)
	f.set("BP_NODE_SOURCE=npm")
	f.set("NPM_CONFIG_REGISTRY=")
	elsewhere := t.TempDir()
	f.write(t, f.app, ".npmrc", "registry="+server.URL+"/registry\ncafile="+elsewhere+"/ca.pem")
	if _, err := f.build(both()); !errors.Is(err, &failure.Failure{ID: "node-download-failed"}) {
		t.Errorf("without the file: got %v", err)
	}
	if !strings.Contains(f.log.String(), "WARNING: the cafile") {
		t.Errorf("the log does not warn:\n%s", f.log.String())
	}
	f.write(t, elsewhere, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	if _, err := f.build(both()); err != nil {
		t.Errorf("with the file: got %v", err)
	}
}

func TestThereIsNoCertificatesLayerWithoutABinding(t *testing.T) {
	result, err := newFixture(t).build(both())
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(layerNames(result), " "); got != "node node-build" {
		t.Errorf("got %s", got)
	}
}

func TestABadCertificateEndsTheBuild(t *testing.T) {
	f := newFixture(t)
	f.write(t, f.platform, "bindings/company/type", "ca-certificates")
	f.write(t, f.platform, "bindings/company/root.pem", "trust me")
	_, err := f.build(both())
	if !errors.Is(err, &failure.Failure{ID: "ca-certificate-invalid"}) || !strings.Contains(err.Error(), "company/root.pem") {
		t.Errorf("got %v", err)
	}
}
