package npminstall

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// scriptEnvironment asks npm which environment it gives to a command's scripts,
// without the variables of a particular script. npm adds its settings that are not
// the defaults, its own path and that of Node.js. Flags are those of the command
// that are settings, too.
func (n npm) scriptEnvironment(dir string, root packagejson.Package, command string, flags []string) (environ.List, error) {
	args := append(append([]string{"run", "env"}, flags...), "--", "-0") // env, which npm has as a script
	if root.Scripts["preenv"]+root.Scripts["env"]+root.Scripts["postenv"] != "" {
		args = append(append([]string{"exec"}, flags...), "--call", "env -0")
	}
	output, err := n.config("loglevel", "silent").capture(dir, args...)
	if err != nil {
		return nil, fmt.Errorf("asking npm for the environment of scripts: %w", err)
	}
	var env environ.List
	for pair := range strings.SplitSeq(string(output), "\x00") {
		name, _, ok := strings.Cut(pair, "=")
		if ok && !ofOneScript(name) && !isConfig(name, "loglevel") {
			env = append(env, pair)
		}
	}
	for _, pair := range n.env {
		if name, _, _ := strings.Cut(pair, "="); isConfig(name, "loglevel") {
			env = append(env, pair)
		}
	}
	if len(env) == 0 {
		return nil, fmt.Errorf("asking npm for the environment of scripts: got none from npm %s", strings.Join(args, " "))
	}
	if gyp := ownGyp(env); gyp != "" {
		env = env.With("npm_config_node_gyp", gyp)
	}
	return env.With("npm_command", command), nil
}

// ownGyp returns the path of npm's own node-gyp, which scripts get on install
// whatever the settings say; empty if npm does not have it where it is expected.
func ownGyp(env environ.List) string {
	for _, commands := range gypCommands(env) { // node_modules/@npmcli/run-script/lib/node-gyp-bin
		gyp := filepath.Join(commands, "../../../../node-gyp/bin/node-gyp.js")
		if _, err := os.Stat(gyp); err == nil {
			return gyp
		}
	}
	return ""
}

// ofOneScript reports whether a variable is about the script or the shell that it
// was asked from.
func ofOneScript(name string) bool {
	switch name {
	case "_", "SHLVL", "OLDPWD", "npm_config_call", "npm_config_logs_max", "NODE_DISABLE_COMPILE_CACHE":
		return true
	}
	return strings.HasPrefix(name, "npm_package_") || strings.HasPrefix(name, "npm_lifecycle_")
}

// gypCommands returns the folder on npm's PATH that has its node-gyp.
func gypCommands(env environ.List) []string {
	for dir := range strings.SplitSeq(env.Get("PATH"), ":") {
		if strings.HasSuffix(dir, "/node-gyp-bin") {
			return []string{dir}
		}
	}
	return nil
}

// setting returns the value of an npm setting in an environment, in any case.
func setting(e environ.List, name string) (value string, found bool) {
	for _, pair := range e {
		if key, text, _ := strings.Cut(pair, "="); isConfig(key, name) {
			value, found = text, true
		}
	}
	return value, found
}

// isConfig reports whether a variable is an npm setting: "ignore-scripts".
func isConfig(variable, name string) bool {
	return strings.EqualFold(variable, "npm_config_"+strings.ReplaceAll(name, "-", "_"))
}

// isTrue reports whether an npm setting is on.
func isTrue(e environ.List, name string) bool {
	value, _ := setting(e, name)
	on, err := strconv.ParseBool(value)
	return err == nil && on
}

// variables returns npm's variables about a package's place in the tree. npm
// writes null for what it does not know.
func (l *lifecycle) variables(p installscripts.Package) environ.List {
	if p.Path == "" {
		return nil
	}
	flag := func(on bool) string {
		if on {
			return "1"
		}
		return ""
	}
	text := func(value string) string {
		if value == "" {
			return "null"
		}
		return value
	}
	env := environ.List{
		"npm_package_optional=" + flag(p.Optional),
		"npm_package_dev=" + flag(p.Dev),
		"npm_package_peer=" + flag(p.Peer),
		"npm_package_dev_optional=" + flag(p.DevOptional && !p.Dev && !p.Optional),
	}
	resolved := p.Resolved
	if file, ok := strings.CutPrefix(resolved, "file:"); ok && !filepath.IsAbs(file) {
		resolved = "file:" + filepath.Join(l.project.Dir, file)
	}
	return append(env, "npm_package_integrity="+text(p.Integrity), "npm_package_resolved="+text(resolved))
}
