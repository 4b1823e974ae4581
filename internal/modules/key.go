package modules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// keys are the reuse keys of a layer. The key own is a digest of everything that
// its content depends on:
//
//   - the buildpack's version, the kind of install, the project's folder, and
//     whether the layer needs a helper at launch,
//   - the target platform and its distribution; not the host's, so that an app has
//     the same image wherever it is built,
//   - the versions of the package manager and Node.js, and the ABI of native
//     modules,
//   - package.json and the lockfile, for a workspace those of its root; the
//     package.json of installed workspaces and file: dependencies,
//   - the settings in the manager's configuration files and in the environment,
//     NODE_ENV and NODE_OPTIONS; no credentials, so that a new token changes
//     nothing, and no paths outside of the app, such as HOME, which differ from
//     platform to platform,
//   - for the launch layer, the settings for its cleanup and checks,
//   - the names, modes and contents of all files of vendored modules, and, for the
//     launch layer, of generated files in node_modules.
//
// If install scripts of packages may run, the user's variables for the build are in
// the key; if they may read the app, its files matter, too, see
// [engine.rememberApp].
//
// The key anyTarget leaves out the platform. It is for a layer that is the same for
// every target, see [installer.forAnyTarget].
type keys struct{ own, anyTarget string }

// keys computes a layer's keys. Generated is the digest of the generated files.
func (e *engine) keys(s spec, generated string) (keys, error) {
	files, err := e.keyFiles(s)
	if err != nil {
		return keys{}, fmt.Errorf("reading what the layer %s depends on: %w", s.layer(), err)
	}
	key, err := e.manager.Key()
	if err != nil {
		return keys{}, fmt.Errorf("reading what the layer %s depends on: %w", s.layer(), err)
	}
	sum := sha256.New()
	say := func(name string, values ...string) { fmt.Fprintf(sum, "%s=%q\n", name, values) }

	say("buildpack", e.context.BuildpackInfo.ID, e.context.BuildpackInfo.Version)
	say("process", e.method.Name, e.project.Dir, e.project.Workspace, s.layer(), strconv.FormatBool(s.hasHelper()))
	say("distribution", e.context.TargetDistro.Name, e.context.TargetDistro.Version)
	say("versions", key.Versions...)
	say("settings", key.Settings...)
	say("node", e.env.Get("NODE_ENV"), e.env.Get("NODE_OPTIONS"))
	if s.launch {
		say("choices", e.settings.check, strconv.FormatBool(e.settings.keepCache))
		if s.demand.dev {
			say("dev", "true")
		}
		if len(s.demand.keep) > 0 {
			say("keep", s.demand.keep...)
		}
	}
	for _, file := range files {
		say("file", file.path, file.digest)
	}
	variables, err := e.scriptVariables()
	if err != nil {
		return keys{}, fmt.Errorf("reading what the layer %s depends on: %w", s.layer(), err)
	}
	if len(variables) > 0 {
		say("variables", variables...)
	}
	for _, settings := range key.Configuration {
		say("configuration", settings...)
	}
	if e.method.Kind == Vendored {
		digest, err := e.vendoredDigest()
		if err != nil {
			return keys{}, fmt.Errorf("reading the vendored %s: %w", nodemodules.Dir, err)
		}
		say("vendored", digest)
	}
	if s.launch && generated != "" {
		say("generated", generated)
	}
	anyTarget := hex.EncodeToString(sum.Sum(nil))
	say("platform", s.target.String())
	return keys{own: hex.EncodeToString(sum.Sum(nil)), anyTarget: anyTarget}, nil
}

// keyFile is the path and the digest of a file in the project.
type keyFile struct{ path, digest string }

// keyFiles returns the files that decide what is installed.
func (e *engine) keyFiles(s spec) (all []keyFile, err error) {
	paths := append([]string{packagejson.FileName}, e.manager.Words().Lockfiles...)
	folders, err := e.selection.folders(s.dev())
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		paths = append(paths, filepath.Join(folder, packagejson.FileName))
	}
	for _, path := range paths {
		digest, err := tree.FileDigest(filepath.Join(e.project.Dir, path))
		if err != nil {
			return nil, err
		}
		all = append(all, keyFile{path, digest})
	}
	return all, nil
}

// digests are computed once, before a build changes the files; empty until then.
type digests struct {
	vendored string // of vendored modules
	app      string // of the app's original files, if they matter
}

// vendoredDigest is computed once: the first install changes the folder.
func (e *engine) vendoredDigest() (string, error) {
	if e.digests.vendored != "" {
		return e.digests.vendored, nil
	}
	digest, err := tree.Digest(filepath.Join(e.project.Dir, nodemodules.Dir))
	e.digests.vendored = digest
	return digest, err
}
