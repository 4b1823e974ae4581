// Package site is what the build of a site writes and its server reads: a folder
// with the site's files, their compressed forms, and an index of both.
//
//	index.json      a [Site]
//	files/PATH      the files
//	br/PATH         the same, compressed, where that is smaller; gzip, zstd
//
// The server opens only what the index lists, so that no request's path reaches
// the file system.
package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/rules"
)

// Names in the folder. Those of compressed files are the names of their encoding.
const (
	IndexFile   = "index.json"
	FilesFolder = "files"
)

// Names of files with a meaning of their own, at the root of a site.
const (
	HeadersFile   = "_headers"
	RedirectsFile = "_redirects"
	IndexPage     = "index.html"
	MissingPage   = "404.html"
	ShellPage     = "200.html"
)

// Site is the index.
type Site struct {
	Files     map[string]File  `json:"files"`              // by path, without a slash before it
	Fallback  string           `json:"fallback,omitempty"` // the page for paths that the browser routes; empty for none
	Headers   []rules.Headers  `json:"headers,omitempty"`
	Redirects []rules.Redirect `json:"redirects,omitempty"`
}

// File is a file of the site.
type File struct {
	Size      int64      `json:"size"` // bytes
	Type      string     `json:"type"` // Content-Type
	Digest    string     `json:"digest"`
	Immutable bool       `json:"immutable,omitempty"` // its name has a hash of its content
	Encodings []Encoding `json:"encodings,omitempty"` // smallest first
}

// Encoding is a compressed form of a file.
type Encoding struct {
	Name string `json:"name"` // Content-Encoding: br, gzip or zstd
	Size int64  `json:"size"` // bytes
}

// Path returns where a file, or a compressed form of it, is in the folder. The
// encoding is empty for the file itself.
func Path(name, encoding string) string {
	if encoding == "" {
		encoding = FilesFolder
	}
	return path.Join(encoding, name)
}

// Write writes the index into a folder.
func (s Site) Write(dir string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(path.Join(dir, IndexFile), text, 0o644)
}

// Read reads a folder's index.
func Read(root *os.Root) (s Site, err error) {
	text, err := root.ReadFile(IndexFile)
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("%s has no %s: want the folder that the buildpack made", root.Name(), IndexFile)
	}
	if err != nil {
		return s, fmt.Errorf("reading the index of the site: %w", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("reading the index of the site: %w", err)
	}
	return s, nil
}
