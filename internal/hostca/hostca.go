// Package hostca passes the certificate authorities that this machine's
// administrator added to builds, as a ca-certificates binding.
package hostca

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/failure"
)

// Added is the folder for local certificates on Debian and its derivatives
// (update-ca-certificates(8)).
const Added = "/usr/local/share/ca-certificates"

// variable names a file of additional certificates for Node.js.
const variable = "NODE_EXTRA_CA_CERTS"

// maxFileBytes is above the size of a list of all public authorities.
const maxFileBytes = 16 << 20

// Binding writes a ca-certificates service binding into dir and returns its
// folder: the certificates of the file that NODE_EXTRA_CA_CERTS names, or else
// those below added, which is [Added] except in tests. It returns "" if there
// are neither. It passes on only certificates, so a private key in the same
// file stays here.
//
// A certificate that cannot be read is a [failure.Failure] with the id
// host-ca-unusable; so is a file of the variable that has none. Files below
// added without certificates are ignored.
func Binding(added, dir string, getenv func(string) string) (string, error) {
	entries, err := collect(added, getenv(variable))
	if err != nil || len(entries) == 0 {
		return "", err
	}
	binding := filepath.Join(dir, "host-ca")
	if err := os.MkdirAll(binding, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(binding, "type"), []byte(cacerts.BindingType), 0o644); err != nil {
		return "", err
	}
	taken := map[string]bool{"type": true, "provider": true}
	for i, entry := range entries {
		name := filepath.Base(entry.Name)
		if taken[name] || name[0] == '.' { // hidden entries of a binding are ignored
			name = fmt.Sprintf("%d-%s", i+1, name[max(0, len(name)-200):])
		}
		taken[name] = true
		if err := os.WriteFile(filepath.Join(binding, name), entry.PEM, 0o644); err != nil {
			return "", err
		}
	}
	return binding, nil
}

// collect returns the certificates, by the paths of their files: those of the
// file extra if it is not empty, or else those below added.
func collect(added, extra string) ([]cacerts.File, error) {
	if extra != "" {
		certificates, err := read(extra)
		if err == nil && len(certificates) == 0 {
			err = errors.New("it has no certificate")
		}
		if err != nil {
			return nil, unusable(extra, err, "correct "+variable+", which names the file, or unset it.")
		}
		return []cacerts.File{{Name: extra, PEM: certificates}}, nil
	}
	var entries []cacerts.File
	for _, path := range find(added) {
		certificates, err := read(path)
		if err != nil {
			return nil, unusable(path, err, "let the user who builds read the file, or move it away.")
		}
		if len(certificates) > 0 {
			entries = append(entries, cacerts.File{Name: path, PEM: certificates})
		}
	}
	return entries, nil
}

// read returns only the certificates of a file.
func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFileBytes {
		return nil, fmt.Errorf("it has more than %d bytes, want at most that", maxFileBytes)
	}
	return bytes.TrimSpace(cacerts.Certificates(text)), nil
}

func unusable(path string, err error, remedy string) error {
	return &failure.Failure{
		ID:     "host-ca-unusable",
		Cause:  fmt.Sprintf("the certificates of this machine in %s cannot be passed on to the build", path),
		Remedy: remedy,
		Err:    err,
	}
}

// find returns the files below a folder whose names end in .crt, sorted, as
// update-ca-certificates finds them (find -L): in all subfolders, following
// links. It ignores unreadable folders.
func find(dir string) []string { return findIn(dir, nil) }

// findIn searches a folder; above are its ancestors, to detect links back to
// them.
func findIn(dir string, above []os.FileInfo) []string {
	info, err := os.Stat(dir)
	if err != nil {
		return nil
	}
	for _, a := range above {
		if os.SameFile(a, info) {
			return nil
		}
	}
	above = append(above, info)
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil
	}
	var files []string
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		target, err := os.Stat(path)
		switch {
		case err != nil: // a dangling link
		case target.IsDir():
			files = append(files, findIn(path, above)...)
		case target.Mode().IsRegular() && filepath.Ext(path) == ".crt":
			files = append(files, path)
		}
	}
	return files
}
