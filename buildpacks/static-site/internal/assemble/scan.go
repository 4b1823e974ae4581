// Package assemble makes the folder of a site, see package site, from the files
// that a build left: it reads their types and digests, and compresses them.
package assemble

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/rules"
	"github.com/armature-cnb/armature/buildpacks/static-site/internal/site"
)

// wellKnown is the one hidden folder that sites serve (RFC 8615).
const wellKnown = ".well-known"

// digestLength is that of a file's digest in hexadecimal digits: half of a SHA-256.
const digestLength = 32

// Scan is what a folder holds.
type Scan struct {
	Site    site.Site
	LeftOut []string // paths that are not served, with why: "a.sock: it is no file"
	Ignored []string // lines of _headers and _redirects that are passed over, with why

	root   *os.Root
	hashes site.Hashes
	except []string
}

// Options are what is known of the folder.
type Options struct {
	Hashes site.Hashes
	Except []string // names at the root that are no part of the site
}

// Open reads a folder's files. Close the scan when it is of no use any more.
//
// Hidden files, _headers and _redirects are no part of the site. A symlink to a
// file in the folder counts as that file.
func Open(dir string, o Options) (*Scan, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	s := &Scan{root: root, hashes: o.Hashes, except: o.Except, Site: site.Site{Files: map[string]site.File{}}}
	if err := errors.Join(s.walk(), s.readRules()); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return s, nil
}

// Close releases the folder.
func (s *Scan) Close() error { return s.root.Close() }

func (s *Scan) walk() error {
	return fs.WalkDir(s.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && name != wellKnown || slices.Contains(s.except, name)
		switch {
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden, entry.IsDir(), name == site.HeadersFile, name == site.RedirectsFile:
			return nil
		}
		info, err := s.root.Stat(name) // follows a link, and never out of the folder
		switch {
		case err != nil && entry.Type()&fs.ModeSymlink != 0:
			s.LeftOut = append(s.LeftOut, name+": the link leads nowhere, or out of the folder")
			return nil
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			s.LeftOut = append(s.LeftOut, name+": it is no file")
			return nil
		}
		return s.add(name)
	})
}

// add reads a file's size, type and digest.
func (s *Scan) add(name string) error {
	file, err := s.root.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	beginning := make([]byte, 512)
	n, err := io.ReadFull(file, beginning)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	beginning = beginning[:n]
	sum := sha256.New()
	sum.Write(beginning)
	rest, err := io.Copy(sum, file)
	if err != nil {
		return err
	}
	s.Site.Files[name] = site.File{
		Size: int64(n) + rest, Type: site.TypeOf(name, beginning),
		Digest: hex.EncodeToString(sum.Sum(nil))[:digestLength], Immutable: s.hashes.IsImmutable(name),
	}
	return nil
}

// readRules reads the files _headers and _redirects, if any.
func (s *Scan) readRules() error {
	text, err := s.ruleFile(site.HeadersFile)
	if err != nil {
		return err
	}
	var ignored []rules.Ignored
	if s.Site.Headers, ignored, err = rules.ParseHeaders(text); err != nil {
		return fmt.Errorf("%s, %w", site.HeadersFile, err)
	}
	s.pass(site.HeadersFile, ignored)
	if text, err = s.ruleFile(site.RedirectsFile); err != nil {
		return err
	}
	if s.Site.Redirects, ignored, err = rules.ParseRedirects(text); err != nil {
		return fmt.Errorf("%s, %w", site.RedirectsFile, err)
	}
	s.pass(site.RedirectsFile, ignored)
	return nil
}

func (s *Scan) pass(file string, ignored []rules.Ignored) {
	for _, one := range ignored {
		s.Ignored = append(s.Ignored, fmt.Sprintf("%s, line %d: %s", file, one.Line, one.Why))
	}
}

// maxRules is the maximal size of a file of rules, in bytes.
const maxRules = 1 << 20

func (s *Scan) ruleFile(name string) (string, error) {
	info, err := s.root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxRules {
		return "", fmt.Errorf("%s is no file of at most %d bytes", name, maxRules)
	}
	text, err := s.root.ReadFile(name)
	return string(text), err
}

// Pages returns the paths of the HTML pages, sorted.
func (s *Scan) Pages() []string {
	var all []string
	for name := range s.Site.Files {
		if path.Ext(name) == ".html" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// Key changes with everything that the folder of the site depends on.
func (s *Scan) Key() (string, error) {
	text, err := json.Marshal(s.Site)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte(form+"\n"), text...))
	return hex.EncodeToString(sum[:]), nil
}

// form names the form of the folder, and how files are compressed.
const form = "1 br9 gzip9 zstd-best"

// copyTo copies a file of the site into the folder for it.
func (s *Scan) copyTo(dir, name string) error {
	in, err := s.root.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	to := filepath.Join(dir, site.Path(name, ""))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
