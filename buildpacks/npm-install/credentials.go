package npminstall

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// hideCredentials removes passwords and tokens from npm's record of installed
// packages, which is part of the layer: npm copies the lockfile's addresses.
func (m *manager) hideCredentials() error {
	return m.rewriteRecord(npmlock.HasCredentials, func(text []byte) ([]byte, error) { return npmlock.WithoutCredentials(text), nil })
}

// forget removes packages from npm's record of installed packages.
func (m *manager) forget(paths []string) error {
	return m.rewriteRecord(func([]byte) bool { return len(paths) > 0 }, func(text []byte) ([]byte, error) {
		return npmlock.WithoutPackages(text, paths)
	})
}

// rewriteRecord rewrites npm's record of installed packages, if there is one and it
// needs that.
func (m *manager) rewriteRecord(needs func([]byte) bool, rewrite func([]byte) ([]byte, error)) error {
	file := filepath.Join(m.project.Dir, nodemodules.Dir, hiddenLockfile)
	text, err := regular.ReadFile(file)
	if err != nil || !needs(text) {
		return nil // no record, or nothing to do
	}
	if text, err = rewrite(text); err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		return fmt.Errorf("rewriting %s: %w", hiddenLockfile, err)
	}
	return nil
}
