// Package hostnode runs npm outside builds, with the builds' Node.js.
package hostnode

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/bench/internal/archives"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// Node is a folder with bin/node and npm/, and a home folder.
type Node struct {
	Dir  string
	Home string // without an .npmrc
	CA   string // a file of additional certificates; may be empty
}

// Unpack puts the host's Node.js and npm into dir/node, unless it exists.
func Unpack(ctx context.Context, set archives.Set, host targets.Target, dir string) (Node, error) {
	node := Node{Dir: filepath.Join(dir, "node"), Home: filepath.Join(dir, "node-home")}
	if err := os.MkdirAll(node.Home, 0o755); err != nil {
		return node, err
	}
	if _, err := os.Lstat(node.Dir); err == nil {
		return node, nil
	}
	work, err := os.MkdirTemp(dir, "node-")
	if err != nil {
		return node, err
	}
	defer os.RemoveAll(work)
	if err := set.UnpackNode(ctx, host, archives.With{NPM: true}, work); err != nil {
		return node, err
	}
	return node, os.Rename(work, node.Dir)
}

// NPM runs npm in a folder with its own cache, without audits, funding and
// update checks. It ignores this machine's configuration, except the registry
// in the environment.
func (n Node) NPM(ctx context.Context, dir, cache string, args ...string) error {
	env := []string{
		"HOME=" + n.Home, "PATH=" + filepath.Join(n.Dir, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
		"npm_config_cache=" + cache, "npm_config_globalconfig=" + filepath.Join(n.Home, "none"), "npm_config_audit=false",
		"npm_config_fund=false", "npm_config_update_notifier=false", "npm_config_progress=false", "npm_config_omit_lockfile_registry_resolved=true",
	}
	if n.CA != "" {
		env = append(env, "NODE_EXTRA_CA_CERTS="+n.CA)
	}
	args = append([]string{"--prefix", dir}, args...)
	return step.Run(ctx, nil, env, filepath.Join(n.Dir, "bin/node"), append([]string{filepath.Join(n.Dir, "npm", "bin/npm-cli.js")}, args...)...)
}

// Version is that of Node.js, "24.1.0".
func (n Node) Version(ctx context.Context) (string, error) {
	out, err := step.Output(ctx, nil, filepath.Join(n.Dir, "bin/node"), "--version")
	return strings.TrimPrefix(out, "v"), err
}
