// Package hostca passes on the certificate authorities that an administrator
// of this machine added, to builds, as a ca-certificates binding.
package hostca

import (
	"fmt"
	"os"
	"path/filepath"
)

// added is where Debian and its kin keep certificates that did not come with
// a package (update-ca-certificates(8)).
const added = "/usr/local/share/ca-certificates"

// Binding writes a ca-certificates service binding into dir and returns its
// folder: the file that NODE_EXTRA_CA_CERTS names, or else the certificates
// the administrator added. It returns "" where there are neither: then the
// build image's own list will do.
func Binding(dir string, getenv func(string) string) (string, error) {
	files, err := filepath.Glob(filepath.Join(added, "*.crt"))
	if err != nil {
		return "", err
	}
	if extra := getenv("NODE_EXTRA_CA_CERTS"); extra != "" {
		files = []string{extra}
	}
	if len(files) == 0 {
		return "", nil
	}
	binding := filepath.Join(dir, "host-ca")
	if err := os.MkdirAll(binding, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(binding, "type"), []byte("ca-certificates"), 0o644); err != nil {
		return "", err
	}
	for _, file := range files {
		pem, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("reading a certificate of this machine: %w", err)
		}
		if err := os.WriteFile(filepath.Join(binding, filepath.Base(file)), pem, 0o644); err != nil {
			return "", err
		}
	}
	return binding, nil
}
