package npminstall

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// keys are those of one layer. It may be reused when everything that its content
// depends on is as it was; the key own is a digest of all of that:
//
//   - this buildpack's version, the process and the folder of the project, and
//     whether the layer needs a helper at launch,
//   - the platform that is installed for and its distribution; not the host's,
//     so that the same app is the same image wherever it was built,
//   - the versions of npm and Node.js, and the ABI of native modules,
//   - package.json and the lockfile, of a workspace those of its root; the
//     package.json of the workspaces and file: dependencies that are installed,
//   - the settings in every .npmrc that npm reads and in the environment,
//     NODE_ENV and NODE_OPTIONS; no credentials, so that a new token does not
//     count, and no places outside of the app, HOME for example, which differ
//     from platform to platform,
//   - for the launch, the settings for what is taken out of it and checked,
//   - of vendored modules the names, modes and contents of all files; so too,
//     for the launch, of what scripts generated in node_modules.
//
// Where install scripts of packages take part, the app's files count, too, see
// [build.rememberApp].
//
// In the key anyTarget the platform does not count. It is that of a layer which
// is good for any, see [build.forAnyTarget].
type keys struct{ own, anyTarget string }

// keys computes those of a part.
func (b *build) keys(p part) (keys, error) {
	sum := sha256.New()
	say := func(name string, values ...string) { fmt.Fprintf(sum, "%s=%q\n", name, values) }

	say("buildpack", b.context.BuildpackInfo.ID, b.context.BuildpackInfo.Version)
	say("process", string(b.process), b.dir, b.workspace, p.layer, strconv.FormatBool(p.relink))
	say("distribution", b.context.TargetDistro.Name, b.context.TargetDistro.Version)
	say("versions", b.npm.versions.NPM, b.npm.versions.Node, b.npm.versions.Modules, b.npm.versions.NAPI)
	say("settings", configOf(b.env)...)
	say("node", b.env.Get("NODE_ENV"), b.env.Get("NODE_OPTIONS"))
	if p.layer == launchLayer {
		say("choices", b.check, strconv.FormatBool(b.keepCache))
	}
	if err := b.sayFiles(p, say); err != nil {
		return keys{}, fmt.Errorf("reading what the layer %s depends on: %w", p.layer, err)
	}
	if b.process == processRebuild {
		digest, err := b.vendoredDigest()
		if err != nil {
			return keys{}, fmt.Errorf("reading the vendored %s: %w", nodemodules.Dir, err)
		}
		say("vendored", digest)
	}
	if p.layer == launchLayer && b.generated.digest != "" {
		say("generated", b.generated.digest)
	}
	anyTarget := hex.EncodeToString(sum.Sum(nil))
	say("platform", p.target.String())
	return keys{own: hex.EncodeToString(sum.Sum(nil)), anyTarget: anyTarget}, nil
}

// sayFiles puts the files that belong to the key into it, by what they are: of
// those in the app the content, of npm's configuration the settings.
func (b *build) sayFiles(p part, say func(name string, values ...string)) error {
	paths := []string{packagejson.FileName, npmlock.PackageLock, npmlock.Shrinkwrap}
	folders, err := b.folders(p)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		paths = append(paths, filepath.Join(folder, packagejson.FileName))
	}
	for _, path := range paths {
		digest, err := tree.FileDigest(filepath.Join(b.dir, path))
		if err != nil {
			return err
		}
		say("file", path, digest)
	}
	for _, config := range []struct{ whose, path string }{
		{"the project's", filepath.Join(b.dir, projectConfig)}, {"the user's", b.userConfig()}, {"the global", b.globalConfig},
	} {
		settings, err := npmrc.Settings(config.path, b.env)
		if err != nil {
			return err
		}
		say("configuration", append([]string{config.whose}, settings...)...)
	}
	return nil
}

// userConfig is the path of npm's configuration for the user, or empty.
func (b *build) userConfig() string {
	if path := npmrc.User(b.env); path != "" {
		return path
	}
	if home := b.env.Get("HOME"); home != "" {
		return filepath.Join(home, projectConfig)
	}
	return ""
}

// vendoredDigest is computed once: the first install changes the folder.
func (b *build) vendoredDigest() (string, error) {
	if b.vendored != "" {
		return b.vendored, nil
	}
	digest, err := tree.Digest(filepath.Join(b.dir, nodemodules.Dir))
	b.vendored = digest
	return digest, err
}

// installScripts are the scripts of a project that npm runs when it installs
// the dependencies, in that order; of a workspace not the dependenciesScripts.
var installScripts = append(dependenciesScripts, "preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")

// dependenciesScripts are those that it runs when it has changed node_modules.
var dependenciesScripts = []string{"predependencies", "dependencies", "postdependencies"}

// reusable tells whether a layer of this process may be reused at all, and
// why not.
//
// A script of the project's own, or of a workspace's, may write anywhere into
// the app, and may read anything there; without running it again the app
// image would lack what it writes.
func (b *build) reusable(p part) (why string, ok bool, err error) {
	if b.process == processInstall {
		return "", false, nil
	}
	folders, err := b.folders(p)
	if err != nil {
		return "", false, err
	}
	if b.workspace == "" || p.dev {
		folders = append([]string{"."}, folders...)
	}
	for _, folder := range folders {
		if strings.HasPrefix(folder, "..") {
			return fmt.Sprintf("the dependency in %s is outside of the project", folder), false, nil
		}
		dir := filepath.Join(b.dir, folder)
		pkg, err := packagejson.Read(dir)
		if err != nil {
			continue // npm will say so
		}
		if names := ownInstallScripts(pkg); len(names) > 0 {
			return fmt.Sprintf("%s has the script %s, which may write anywhere in the app",
				filepath.Join(folder, packagejson.FileName), strings.Join(names, ", ")), false, nil
		}
		if _, err := os.Stat(filepath.Join(dir, "binding.gyp")); err == nil {
			return filepath.Join(folder, "binding.gyp") + " makes npm compile into the app", false, nil
		}
	}
	return "", true, nil
}

// onlyHusky matches a command of husky's that sets up git hooks, and of which the
// app image has nothing.
var onlyHusky = regexp.MustCompile(`^husky(?: install(?: [\w./-]+)?)?(?: *\|\| *(?:true|exit 0|:))?$`)

// ownInstallScripts returns the names of the scripts that npm runs in a
// project when it installs, but for those that are only husky's.
func ownInstallScripts(pkg packagejson.Package) []string {
	var names []string
	for _, name := range installScripts {
		command := strings.TrimSpace(pkg.Scripts[name])
		if command != "" && !onlyHusky.MatchString(command) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
