// Package apps generates the benchmark's apps, and changes them.
package apps

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/tools/bench/internal/hostnode"
)

// App is a copy of an app.
type App struct {
	Dir    string
	source string // the file, below Dir, in which a line changes
	node   hostnode.Node
	lines  int // how often a line has changed
	others int // how often a dependency has
}

// Copy copies an app's folder from, without node_modules, to the folder to,
// which it replaces.
func Copy(from, to, source string, node hostnode.Node) (*App, error) {
	if err := os.RemoveAll(to); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return nil, err
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(filepath.Join(to, source)); err != nil {
		return nil, err
	}
	return &App{Dir: to, source: source, node: node}, os.RemoveAll(filepath.Join(to, "node_modules"))
}

// Made describes an app that is too large for the repository: exact versions,
// and a day after which npm ignores versions.
type Made struct {
	Dependencies map[string]string // name to exact version
	Before       string            // "2025-03-01"
	Server       string            // server.js
}

// Make makes the app in the folder dir, unless it exists. The same npm gives
// the same app everywhere.
func (m Made) Make(ctx context.Context, dir string, node hostnode.Node) error {
	manifest, err := json.MarshalIndent(map[string]any{
		"name": "made", "version": "1.0.0", "private": true, "license": "Apache-2.0",
		"scripts": map[string]string{"start": "node server.js"}, "dependencies": m.Dependencies,
	}, "", "  ")
	if err != nil {
		return err
	}
	if had, err := os.ReadFile(filepath.Join(dir, "package.json")); err == nil && string(had) == string(manifest) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "made-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	for name, content := range map[string][]byte{"package.json": manifest, "server.js": []byte(m.Server)} {
		if err := os.WriteFile(filepath.Join(work, name), content, 0o644); err != nil {
			return err
		}
	}
	cache, err := os.MkdirTemp(node.Home, "npm-cache-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	if err := node.NPM(ctx, work, cache, "install", "--package-lock-only", "--ignore-scripts", "--before", m.Before); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(work, dir)
}

// Lockfile returns the number of packages in an app's lockfile, and its
// SHA-256.
func Lockfile(dir string) (packages int, digest string, err error) {
	content, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return 0, "", err
	}
	var lock struct {
		Packages map[string]struct {
			Link bool `json:"link"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(content, &lock); err != nil {
		return 0, "", fmt.Errorf("reading the lockfile of %s: %w", dir, err)
	}
	for path, one := range lock.Packages {
		if path != "" && !one.Link {
			packages++
		}
	}
	return packages, fmt.Sprintf("%x", sha256.Sum256(content)), nil
}

// marker is the prefix of the line that changes. It is a statement, so that a
// build script's output changes with it.
const marker = "console.log('change "

// ChangeLine replaces the source file's last line by a new one.
func (a *App) ChangeLine(context.Context) error {
	path := filepath.Join(a.Dir, a.source)
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	a.lines++
	before, _, _ := strings.Cut(string(content), marker)
	return os.WriteFile(path, fmt.Appendf(nil, "%s%s%d')\n", before, marker, a.lines), 0o644)
}

// The dependency that changes: small, without dependencies, with a version for
// every change.
const (
	dependency = "nanoid"
	first      = 5 // nanoid 5.0.5, 5.0.6 and so on up to 5.0.9
	versions   = 5
)

// NextDependency returns the next version of one small package.
func (a *App) NextDependency() (name, version string, err error) {
	if a.others >= versions {
		return "", "", fmt.Errorf("%s has no version left that was not used: want at most %d changes", dependency, versions)
	}
	version = fmt.Sprintf("5.0.%d", first+a.others)
	a.others++
	return dependency, version, nil
}

// ChangeDependency gives package.json and its lockfile a new version of one
// small package.
func (a *App) ChangeDependency(ctx context.Context) error {
	name, version, err := a.NextDependency()
	if err != nil {
		return err
	}
	cache, err := os.MkdirTemp(a.node.Home, "npm-cache-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	return a.node.NPM(ctx, a.Dir, cache, "install", "--package-lock-only", "--save-exact", name+"@"+version)
}
