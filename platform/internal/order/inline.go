//go:build linux

package order

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Script is an inline buildpack of a project descriptor (Project Descriptor,
// "script").
type Script struct {
	API    string `toml:"api"`
	Inline string `toml:"inline"`
	Shell  string `toml:"shell"` // /bin/sh when empty
}

// inline writes the buildpack of a script: its detect always passes, and its
// build runs the script.
func (f *finder) inline(l Locator) (Ref, []module, error) {
	id, version, _ := strings.Cut(l.Name, "@")
	if version == "" {
		version = "0.0.0"
	}
	ref := Ref{ID: id, Version: version}
	if err := ref.check(); err != nil {
		return Ref{}, nil, unusable(l.Name, err)
	}
	if l.Inline.API == "" {
		return Ref{}, nil, unusable(l.Name, errors.New("its script says no api: want the Buildpack API that it follows, for example \"0.10\""))
	}
	shell := l.Inline.Shell
	if shell == "" {
		shell = "/bin/sh"
	}
	dir, err := f.folder()
	if err != nil {
		return Ref{}, nil, err
	}
	files := []struct {
		name, text string
		mode       os.FileMode
	}{
		{"buildpack.toml", fmt.Sprintf("api = %q\n\n[buildpack]\n  id = %q\n  version = %q\n\n[[targets]]\n\n[[stacks]]\n  id = \"*\"\n", l.Inline.API, id, version), 0o644},
		{"bin/detect", "#!" + shell + "\nexit 0\n", 0o755},
		{"bin/build", "#!" + shell + "\n" + l.Inline.Inline + "\n", 0o755},
	}
	for _, file := range files {
		path := filepath.Join(dir, file.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return Ref{}, nil, err
		}
		if err := os.WriteFile(path, []byte(file.text), file.mode); err != nil {
			return Ref{}, nil, err
		}
		if err := os.Chmod(path, file.mode); err != nil { // regardless of the umask
			return Ref{}, nil, err
		}
	}
	return ref, []module{{Ref: ref, dir: dir}}, f.pinFolder(l.Name, dir)
}
