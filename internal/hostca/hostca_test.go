package hostca_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/hostca"
)

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestBindingHoldsTheFileThatNodeIsGiven(t *testing.T) {
	extra := filepath.Join(t.TempDir(), "company.pem")
	if err := os.WriteFile(extra, []byte("a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	binding, err := hostca.Binding(t.TempDir(), env(map[string]string{"NODE_EXTRA_CA_CERTS": extra}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"type": "ca-certificates", "company.pem": "a certificate"} {
		got, err := os.ReadFile(filepath.Join(binding, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestMissingFileIsNamed(t *testing.T) {
	_, err := hostca.Binding(t.TempDir(), env(map[string]string{"NODE_EXTRA_CA_CERTS": "/nowhere/company.pem"}))
	if err == nil || !strings.Contains(err.Error(), "/nowhere/company.pem") {
		t.Errorf("got %v", err)
	}
}
