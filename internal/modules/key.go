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

// keys are those of one layer. It may be reused when everything that its content
// depends on is as it was; the key own is a digest of all of that:
//
//   - the buildpack's version, the method of the install and the folder of the
//     project, and whether the layer needs a helper at launch,
//   - the platform that is installed for and its distribution; not the host's,
//     so that the same app is the same image wherever it was built,
//   - the versions of the package manager and Node.js, and the ABI of native
//     modules,
//   - package.json and the lockfile, of a workspace those of its root; the
//     package.json of the workspaces and file: dependencies that are installed,
//   - the settings in every configuration that the manager reads and in the
//     environment, NODE_ENV and NODE_OPTIONS; no credentials, so that a new token
//     does not count, and no places outside of the app, HOME for example, which
//     differ from platform to platform,
//   - for the launch, the settings for what is taken out of it and checked,
//   - of vendored modules the names, modes and contents of all files; so too,
//     for the launch, of what scripts generated in node_modules.
//
// Where install scripts of packages take part, the app's files count, too, see
// [engine.rememberApp].
//
// In the key anyTarget the platform does not count. It is that of a layer which
// is good for any, see [installer.forAnyTarget].
type keys struct{ own, anyTarget string }

// keys computes those of a layer. Generated is the digest of what scripts
// generated.
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
	}
	for _, file := range files {
		say("file", file.path, file.digest)
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

// keyFile is a file of the project, and a digest of its content.
type keyFile struct{ path, digest string }

// keyFiles are those that decide on what is installed.
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

// digests are those that are computed once, before a build changes what they are
// of; empty until then.
type digests struct {
	vendored string // of the modules that the app brings along
	app      string // of the app's files as they came, where they count
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
