package cacerts_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/cnb/cacerts/cacertstest"
	"github.com/armature-cnb/armature/internal/failure"
)

// bind writes a binding into root.
func bind(t *testing.T, root, name, bindingType string, entries map[string]string) {
	t.Helper()
	dir := filepath.Join(root, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	entries["type"] = bindingType
	for entry, text := range entries {
		if err := os.WriteFile(filepath.Join(dir, entry), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// resolve reads all bindings below root, as the buildpack does.
func resolve(t *testing.T, root string) []servicebindings.Binding {
	t.Helper()
	t.Setenv("SERVICE_BINDING_ROOT", root)
	bindings, err := servicebindings.NewResolver().Resolve(cacerts.BindingType, "", "")
	if err != nil {
		t.Fatal(err)
	}
	return bindings
}

func TestReadGivesTheEntriesByName(t *testing.T) {
	a, _ := cacertstest.Authority(t, "a")
	b, _ := cacertstest.Authority(t, "b")
	root := t.TempDir()
	bind(t, root, "two", "ca-certificates", map[string]string{"z.pem": b, "a.pem": a + b, "provider": "us"})
	bind(t, root, "one", "CA-Certificates\n", map[string]string{"x.crt": a})
	bind(t, root, "other", "npmrc", map[string]string{".npmrc": "a=b"})
	if err := os.Mkdir(filepath.Join(root, "one", "..2026_01_01"), 0o755); err != nil { // as Kubernetes does
		t.Fatal(err)
	}
	files, err := cacerts.Read(resolve(t, root))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, file.Name)
	}
	if got := strings.Join(names, " "); got != "one/x.crt two/a.pem two/z.pem" {
		t.Errorf("got %s", got)
	}
	if got := string(cacerts.Bundle(files)); got != a+a+b+b {
		t.Errorf("bundle: got %s", got)
	}
}

func TestCheck(t *testing.T) {
	certificate, key := cacertstest.Authority(t, "a")
	damaged := strings.Replace(certificate, "M", "*", 1)
	for _, tc := range []struct{ name, text, want string }{
		{name: "a certificate", text: certificate},
		{name: "two, with words between", text: "first\n" + certificate + "\nsecond\n" + certificate},
		{name: "no line end at the end", text: strings.TrimRight(certificate, "\n")},
		{name: "nothing", text: "", want: "it has no PEM block"},
		{name: "words", text: "trust me", want: "it has no PEM block"},
		{name: "a private key", text: key, want: "block 1 is a EC PRIVATE KEY, want a CERTIFICATE"},
		{name: "a private key behind a certificate", text: certificate + key, want: "block 2 is a EC PRIVATE KEY"},
		{name: "letters that are not base64", text: damaged, want: "block 1 is damaged"},
		{name: "a block without an end", text: certificate + "-----BEGIN CERTIFICATE-----\nMIIB", want: "block 2 is damaged"},
		{name: "base64 that is no certificate", text: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", want: "block 1: x509"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := cacerts.Check([]byte(tc.text))
			if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	certificate, key := cacertstest.Authority(t, "a")
	other, _ := cacertstest.Authority(t, "b")
	for _, tc := range []struct{ name, text, want string }{
		{name: "one", text: certificate, want: certificate},
		{name: "two, with words around", text: "first\n" + certificate + "second\n" + other + "end", want: certificate + other},
		{name: "a private key between them", text: certificate + key + other, want: certificate + other},
		{name: "a private key alone", text: key},
		{name: "the older name of a certificate", text: strings.ReplaceAll(certificate, " CERTIFICATE", " X509 CERTIFICATE"), want: certificate},
		{name: "headers, which may say anything", text: strings.Replace(certificate, "-----\n", "-----\nComment: secret\n\n", 1), want: certificate},
		{name: "base64 that is no certificate", text: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + other, want: other},
		{name: "words", text: "trust me"},
		{name: "nothing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := string(cacerts.Certificates([]byte(tc.text))); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestReadNamesTheBadEntry(t *testing.T) {
	root := t.TempDir()
	bind(t, root, "company", "ca-certificates", map[string]string{"root.pem": "trust me"})
	_, err := cacerts.Read(resolve(t, root))
	if !errors.Is(err, &failure.Failure{ID: "ca-certificate-invalid"}) || !strings.Contains(err.Error(), "company/root.pem") {
		t.Errorf("got %v", err)
	}
}

func TestPoolHoldsThemAll(t *testing.T) {
	text, _ := cacertstest.Authority(t, "ours")
	pool, err := cacerts.Pool([]cacerts.File{{Name: "x", PEM: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(text))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := certificate.Verify(x509.VerifyOptions{Roots: pool}); err != nil {
		t.Error(err)
	}
}

func TestSystemIsWhatTheVariableNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "own.pem")
	if err := os.WriteFile(path, []byte("own"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := cacerts.System(func(string) string { return path })
	if err != nil || string(got) != "own" {
		t.Errorf("got %q, %v", got, err)
	}
	got, err = cacerts.System(func(string) string { return path + "-not" })
	if err != nil || len(got) != 0 {
		t.Errorf("missing: got %q, %v", got, err)
	}
}
