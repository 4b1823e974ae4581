package npminstall

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// withoutRootScripts lets npm install for the launch without the scripts of the
// root's package.json, whose tools are not installed then.
func (m *manager) withoutRootScripts(p modules.Part, call func() error) (err error) {
	names := modules.OwnScripts(m.project.Root, installScripts)
	if m.project.Workspace == "" || p.Dev || len(names) == 0 {
		return call()
	}
	m.log.Subprocess("Leaving out the root's script %s: its dependencies are not the workspace's", strings.Join(names, ", "))
	path := filepath.Join(m.project.Dir, packagejson.FileName)
	original, err := regular.ReadFile(path)
	if err != nil {
		return err
	}
	fields, err := packagejson.ReadFields(m.project.Dir)
	if err != nil {
		return err
	}
	delete(fields, "scripts")
	without, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, original, 0o644)) }()
	if err := os.WriteFile(path, without, 0o644); err != nil {
		return err
	}
	return call()
}

// hideCredentials removes passwords and tokens from npm's record of installed
// packages, which is part of the layer: npm copies the lockfile's addresses.
func (m *manager) hideCredentials() error {
	file := filepath.Join(m.project.Dir, nodemodules.Dir, hiddenLockfile)
	text, err := regular.ReadFile(file)
	if err != nil || !npmlock.HasCredentials(text) {
		return nil // no record, or no credentials
	}
	if err := os.WriteFile(file, npmlock.WithoutCredentials(text), 0o644); err != nil {
		return fmt.Errorf("taking credentials out of %s: %w", hiddenLockfile, err)
	}
	return nil
}
