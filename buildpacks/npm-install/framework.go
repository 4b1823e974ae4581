package npminstall

import (
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/nodehome"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/project"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// withFramework adds the variables to the environment with which the project's
// framework builds a server for Node.js, or builds at all. Errors in the project are
// left to others.
func withFramework(env environ.List, workingDir string, log scribe.Emitter) environ.List {
	found, err := project.Find(workingDir, env.Get)
	if err != nil {
		return env
	}
	pkg, err := packagejson.Read(found.Dir)
	if err != nil {
		return env
	}
	for _, pair := range startup.BuildVariables(startup.Project{App: workingDir, Dir: found.Dir, Package: pkg}, env.Get) {
		name, value, _ := strings.Cut(pair, "=")
		env = env.With(name, value)
	}
	return withLegacyProvider(env, pkg, log)
}

// legacyProvider is the option with which Node.js from 17 on has the hashes that
// OpenSSL 3 calls legacy.
const legacyProvider = "--openssl-legacy-provider"

// withLegacyProvider adds that option to the environment if a tool of the project
// needs it.
func withLegacyProvider(env environ.List, pkg packagejson.Package, log scribe.Emitter) environ.List {
	tool := startup.NeedsLegacyHashes(pkg)
	version, err := semver.NewVersion(nodehome.Version(env.Get(nodehome.Variable)))
	options := env.Get("NODE_OPTIONS")
	if tool == "" || err == nil && version.Major() < 17 || choosesOpenSSL(options) {
		return env
	}
	log.Process("Building with NODE_OPTIONS=%s: %s hashes with MD4, which Node.js has only so since 17", legacyProvider, tool)
	log.Break()
	return env.With("NODE_OPTIONS", strings.TrimSpace(options+" "+legacyProvider))
}

// choosesOpenSSL reports whether options of Node.js say what OpenSSL has. Where its
// certificate authorities come from (--use-openssl-ca, as node-engine sets) says nothing
// of that.
func choosesOpenSSL(options string) bool {
	return slices.ContainsFunc(strings.Fields(options), func(option string) bool {
		return strings.HasPrefix(strings.ReplaceAll(option, "_", "-"), "--openssl-")
	})
}
