package npmregistry

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// Roots returns the certificate authorities of npm's setting cafile, which replace
// all others; nil without the setting, and as in npm for a file that is not there or
// is empty. A relative path begins in dir, in which npm runs.
func Roots(config *npmrc.Config, dir, home string) (*x509.CertPool, error) {
	path := setting(config, "cafile")
	if path == "" {
		return nil, nil
	}
	if inHome, ok := strings.CutPrefix(path, "~/"); ok && home != "" {
		path = filepath.Join(home, inHome)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return nil, nil
	}
	if err == nil {
		err = cacerts.Check(text)
	}
	if err != nil {
		return nil, fmt.Errorf("the certificates of npm's setting cafile cannot be read: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return roots, nil
}
