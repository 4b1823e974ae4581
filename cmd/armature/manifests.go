//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// manifestNames are the files of an app's folder that decide which packages and
// programs its image for development has.
var manifestNames = []string{
	"package.json", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "yarn.lock", "bun.lock", "bun.lockb",
	".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml", ".nvmrc", ".node-version", "project.toml",
}

// manifests are the digests of these files in a folder, at one time; those of
// missing files are zero.
type manifests struct {
	dir     string
	digests map[string][sha256.Size]byte
}

func readManifests(dir string) manifests {
	m := manifests{dir, map[string][sha256.Size]byte{}}
	for _, name := range manifestNames {
		m.digests[name] = digestOf(filepath.Join(dir, name))
	}
	return m
}

// digestOf returns the digest of a file, or zero if it cannot be read: an editor may
// be replacing it.
func digestOf(path string) (digest [sha256.Size]byte) {
	if text, err := os.ReadFile(path); err == nil {
		digest = sha256.Sum256(text)
	}
	return digest
}

// names are those of the files that exist.
func (m manifests) names() string {
	var all []string
	for _, name := range manifestNames {
		if m.digests[name] != [sha256.Size]byte{} {
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

// changed returns the name of a file that has changed since, or "".
func (m manifests) changed() string {
	for _, name := range manifestNames {
		if digestOf(filepath.Join(m.dir, name)) != m.digests[name] {
			return name
		}
	}
	return ""
}

// wait waits until a file has changed, and stays as it is for a moment. It returns
// false when ctx is done before.
func (m manifests) wait(ctx context.Context) bool {
	for last := m; ; last = readManifests(m.dir) {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
		if m.changed() != "" && last.changed() == "" {
			return true
		}
	}
}
