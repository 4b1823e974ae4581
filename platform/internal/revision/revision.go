//go:build linux

// Package revision reads the checked-out commit of an app's folder, and its
// repository's origin. It does not run git, which would execute commands from the
// repository's configuration.
package revision

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Checkout is the state of a repository.
type Checkout struct {
	Commit string // in hexadecimal, 40 or 64 digits
	Source string // address of the remote "origin", without credentials, or ""
}

// ErrNone is the error of a folder outside of any repository.
var ErrNone = errors.New("no folder above it has a .git")

// Read reads the repository of a folder or its nearest parent that has one.
func Read(folder string) (Checkout, error) {
	dir, err := filepath.Abs(folder)
	if err != nil {
		return Checkout{}, err
	}
	for {
		_, err := os.Lstat(filepath.Join(dir, ".git"))
		if err == nil {
			return readRepository(filepath.Join(dir, ".git"))
		}
		above := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || above == dir {
			return Checkout{}, fmt.Errorf("%s: %w", folder, ErrNone)
		}
		dir = above
	}
}

// readRepository reads a .git: a folder or, in a worktree or a submodule, a file
// with the path of one (gitrepository-layout(5)).
func readRepository(git string) (Checkout, error) {
	if info, err := os.Stat(git); err == nil && !info.IsDir() {
		text, err := readSmall(git)
		if err != nil {
			return Checkout{}, err
		}
		named, found := strings.CutPrefix(text, "gitdir: ")
		if !found {
			return Checkout{}, fmt.Errorf("%s names no folder", git)
		}
		git = joined(filepath.Dir(git), named)
	}
	shared := git
	if text, err := readSmall(filepath.Join(git, "commondir")); err == nil {
		shared = joined(git, text)
	}
	commit, err := head(git, shared)
	if err != nil {
		return Checkout{}, err
	}
	config, err := readSmall(filepath.Join(shared, "config"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Checkout{}, err
	}
	return Checkout{Commit: commit, Source: withoutLogin(origin(config))}, nil
}

func joined(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

var commits = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

// head returns the commit of HEAD, which may name a branch.
func head(git, shared string) (string, error) {
	text, err := readSmall(filepath.Join(git, "HEAD"))
	if err != nil {
		return "", err
	}
	for range 5 { // git's own limit
		if commits.MatchString(text) {
			return text, nil
		}
		ref, found := strings.CutPrefix(text, "ref: ")
		if !found || !filepath.IsLocal(ref) {
			return "", fmt.Errorf("%s/HEAD is %.60q, want a commit or a branch", git, text)
		}
		if text, err = readRef(git, shared, ref); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%s/HEAD leads from branch to branch", git)
}

func readRef(git, shared, ref string) (string, error) {
	for _, dir := range []string{git, shared} {
		text, err := readSmall(filepath.Join(dir, ref))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	packed, err := readSmall(filepath.Join(shared, "packed-refs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for line := range strings.Lines(packed) {
		if commit, name, _ := strings.Cut(strings.TrimSpace(line), " "); name == ref {
			return commit, nil
		}
	}
	return "", fmt.Errorf("%s has no commit yet", strings.TrimPrefix(ref, "refs/heads/"))
}

// origin returns the address of the remote "origin" in a git configuration
// (git-config(1)), or "".
func origin(config string) string {
	in := false
	for lines := bufio.NewScanner(strings.NewReader(config)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			in = strings.HasPrefix(line, `[remote "origin"]`)
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if in && found && strings.EqualFold(strings.TrimSpace(key), "url") {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

// withoutLogin removes the userinfo from an address. An address that is no URL,
// such as git@host:path, has no password.
func withoutLogin(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		if strings.Contains(address, "://") {
			return ""
		}
		return address
	}
	if parsed.User != nil && parsed.Scheme != "ssh" {
		parsed.User = nil
	}
	if parsed.User != nil {
		parsed.User = url.User(parsed.User.Username())
	}
	parsed.RawQuery, parsed.Fragment = "", ""
	return parsed.String()
}

// maxBytes is the maximal size of a file.
const maxBytes = 16 << 20

// readSmall reads a file and trims space. It refuses irregular and large files.
func readSmall(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > maxBytes {
		return "", fmt.Errorf("%s is no file of at most %d bytes", path, maxBytes)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxBytes))
	return string(bytes.TrimSpace(text)), err
}
