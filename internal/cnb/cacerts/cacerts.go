// Package cacerts reads service bindings of the type ca-certificates: every
// entry is a PEM file with certificate authorities to trust in addition to the
// system's.
package cacerts

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/failure"
)

// BindingType is the type of the bindings.
const BindingType = "ca-certificates"

// File is one entry of a binding.
type File struct {
	Name string // "<binding>/<entry>"
	PEM  []byte // one certificate or more, checked
}

// Read returns the entries of all bindings of the type, by name. One that is
// not a PEM file of certificates is a [failure.Failure] with the id
// ca-certificate-invalid.
func Read(bindings []servicebindings.Binding) ([]File, error) {
	var files []File
	for _, binding := range bindings {
		if !strings.EqualFold(binding.Type, BindingType) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(binding.Entries)) {
			if strings.HasPrefix(name, ".") { // how Kubernetes mounts secrets
				continue
			}
			file := File{Name: binding.Name + "/" + name}
			var err error
			if file.PEM, err = binding.Entries[name].ReadBytes(); err != nil {
				return nil, fmt.Errorf("reading the binding entry %s: %w", file.Name, err)
			}
			if err := Check(file.PEM); err != nil {
				return nil, invalid(file.Name, err)
			}
			files = append(files, file)
		}
	}
	slices.SortStableFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

func invalid(name string, err error) error {
	return &failure.Failure{
		ID:     "ca-certificate-invalid",
		Cause:  fmt.Sprintf("the entry %s of a ca-certificates binding is not a PEM file of certificates", name),
		Remedy: "make every entry of the binding, besides type and provider, a file of -----BEGIN CERTIFICATE----- blocks.",
		Err:    err,
	}
}

// Check returns why text is no PEM file of certificates, or nil. Text between
// the blocks is allowed.
func Check(text []byte) error {
	count := 0
	for rest := text; ; count++ {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			if bytes.Contains(rest, []byte("-----BEGIN")) {
				return fmt.Errorf("block %d is damaged", count+1)
			}
			break
		}
		if block.Type != "CERTIFICATE" {
			return fmt.Errorf("block %d is a %s, want a CERTIFICATE", count+1, block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("block %d: %w", count+1, err)
		}
	}
	if count == 0 {
		return errors.New("it has no PEM block")
	}
	return nil
}

// Certificates returns only the certificates of a PEM file, without private
// keys, text and other blocks. It is empty if there is none.
func Certificates(text []byte) []byte {
	var b bytes.Buffer
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" && block.Type != "X509 CERTIFICATE" { // as OpenSSL
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err == nil {
			b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: block.Bytes}))
		}
	}
	return b.Bytes()
}

// Bundle returns all files as one.
func Bundle(files []File) []byte {
	var b bytes.Buffer
	for _, file := range files {
		b.Write(bytes.TrimRight(file.PEM, "\n"))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// Pool returns the system's authorities and those of the files.
func Pool(files []File) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the system's certificates: %w", err)
	}
	for _, file := range files {
		pool.AppendCertsFromPEM(file.PEM)
	}
	return pool, nil
}

// systemFiles are the distributions' bundles of trusted certificates: Debian's,
// Red Hat's, SUSE's and Alpine's.
var systemFiles = []string{
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// System returns the system's certificates as one PEM file: that of
// SSL_CERT_FILE, or else the distribution's. It is empty if there is none.
func System(getenv func(string) string) ([]byte, error) {
	paths := systemFiles
	if named := getenv("SSL_CERT_FILE"); named != "" {
		paths = []string{named}
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		return text, err
	}
	return nil, nil
}
