// Package authorities makes Node.js trust, at launch, the authorities of the
// container's ca-certificates bindings, by setting NODE_EXTRA_CA_CERTS. It
// never prevents a container from starting: every failure is a warning.
package authorities

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/cnb/execd"
)

// variable is where Node.js reads the name of one more file of authorities.
const variable = "NODE_EXTRA_CA_CERTS"

// Set writes the variable to out, as an exec.d program does (Buildpack API,
// "Launch", exec.d), if the bindings have certificates. lookup is usually
// os.LookupEnv; warnings go to warn, one per line.
func Set(out io.Writer, lookup func(string) (string, bool), warn io.Writer) {
	getenv := func(name string) string {
		value, _ := lookup(name)
		return value
	}
	helper{getenv: getenv, warn: warn, folders: []string{getenv("TMPDIR"), "/tmp", "/dev/shm"}}.run(out)
}

type helper struct {
	getenv  func(string) string
	warn    io.Writer
	folders []string // where a bundle may be written, in order of preference; empty names are ignored
}

// run writes the variable to out if there are certificates to trust.
func (h helper) run(out io.Writer) {
	files := h.bindings()
	if len(files) == 0 {
		return
	}
	if own := h.getenv(variable); own != "" {
		h.warning("%s is set to %s, so Node.js does not see the ca-certificates bindings", variable, own)
		return
	}
	if err := execd.Set(out, variable, h.one(files)); err != nil {
		h.warning("setting %s: %s", variable, err)
	}
}

// bindings returns the paths of all ca-certificates entries with certificates.
func (h helper) bindings() []string {
	root := h.getenv("SERVICE_BINDING_ROOT")
	if root == "" {
		return nil
	}
	types, err := filepath.Glob(filepath.Join(escape(root), "*", "type"))
	if err != nil {
		h.warning("looking for bindings: %s", err)
	}
	var files []string
	for _, path := range types {
		text, err := os.ReadFile(path)
		if err != nil {
			h.warning("reading a binding: %s", err)
			continue
		}
		if strings.EqualFold(strings.TrimSpace(string(text)), cacerts.BindingType) {
			files = append(files, h.entries(filepath.Dir(path))...)
		}
	}
	return files
}

// entries returns the usable files of one binding.
func (h helper) entries(dir string) []string {
	list, err := os.ReadDir(dir)
	if err != nil {
		h.warning("reading a binding: %s", err)
	}
	var files []string
	for _, entry := range list {
		name := entry.Name()
		if name == "type" || name == "provider" || strings.HasPrefix(name, ".") {
			continue
		}
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err == nil {
			err = cacerts.Check(text)
		}
		if err != nil {
			h.warning("%s is not used: %s", path, err)
			continue
		}
		files = append(files, path)
	}
	return files
}

// one returns a file with all certificates: the only file, or a bundle in the
// first writable folder, or else the first file.
func (h helper) one(files []string) string {
	if len(files) == 1 {
		return files[0]
	}
	var all []cacerts.File
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			h.warning("%s is not used: %s", path, err)
			continue
		}
		all = append(all, cacerts.File{Name: path, PEM: text})
	}
	for _, folder := range h.folders {
		if folder == "" {
			continue
		}
		if path, err := write(folder, cacerts.Bundle(all)); err == nil {
			return path
		}
	}
	h.warning("no folder to write a bundle to (TMPDIR, /tmp, /dev/shm): of %d files only %s is used", len(files), files[0])
	return files[0]
}

func write(folder string, text []byte) (string, error) {
	file, err := os.CreateTemp(folder, "ca-certificates-*.pem")
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

func (h helper) warning(format string, arguments ...any) {
	fmt.Fprintf(h.warn, "WARNING: ca-certificates: "+format+"\n", arguments...)
}

// escape prevents Glob from reading a folder's name as a pattern.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
