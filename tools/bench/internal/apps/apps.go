// Package apps makes the apps that are built, and changes them.
package apps

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/tools/bench/internal/hostnode"
)

// App is a copy of an app in a folder of its own.
type App struct {
	Dir    string
	source string // the file, below Dir, in which a line changes
	node   hostnode.Node
	change int
}

// Copy copies an app's folder from, without node_modules, to the folder to,
// which it makes anew.
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

// marker begins the line that changes. It is a statement, so that a build
// script's output changes with it.
const marker = "console.log('change "

// ChangeLine makes the source file's last line one that it never had before.
func (a *App) ChangeLine(context.Context) error {
	path := filepath.Join(a.Dir, a.source)
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	a.change++
	before, _, _ := strings.Cut(string(content), marker)
	return os.WriteFile(path, fmt.Appendf(nil, "%s%s%d')\n", before, marker, a.change), 0o644)
}

// The dependency that changes: small, without dependencies of its own, with a
// version for every change.
const (
	dependency = "nanoid"
	first      = 5 // nanoid 5.0.5, 5.0.6 and so on up to 5.0.9
	versions   = 5
)

// ChangeDependency gives package.json and its lockfile a version of one small
// package that they never had before.
func (a *App) ChangeDependency(ctx context.Context) error {
	if a.change >= versions {
		return fmt.Errorf("%s has no version left that was not used: want at most %d changes", dependency, versions)
	}
	cache, err := os.MkdirTemp(a.node.Home, "npm-cache-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	version := fmt.Sprintf("%s@5.0.%d", dependency, first+a.change)
	a.change++
	return a.node.NPM(ctx, a.Dir, cache, "install", "--package-lock-only", "--save-exact", version)
}
