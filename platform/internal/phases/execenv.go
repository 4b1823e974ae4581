//go:build linux

package phases

import (
	"maps"

	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// tellExecEnv gives the build's execution environment to the buildpacks as a
// variable: the lifecycle tells it only to those of version 0.12 of the Buildpack API
// and later, and only with version 0.15 of the Platform API. For production there is
// no variable, so that its builds are those of platforms without execution
// environments.
func (b *Build) tellExecEnv() {
	if b.ExecEnv == "" {
		b.ExecEnv = execenv.Production
	}
	if b.ExecEnv == execenv.Production {
		return
	}
	env := map[string]string{}
	maps.Copy(env, b.Env)
	env[execenv.Variable] = string(b.ExecEnv)
	b.Env = env
}

// sibling is another build of the same app, whose cache a first build begins with.
type sibling struct {
	target  targets.Target
	execEnv execenv.Environment
}

// siblings are those of this build, the most similar first.
func (b *Build) siblings() (all []sibling) {
	for _, execEnv := range []execenv.Environment{b.ExecEnv, execenv.Production, execenv.Test, execenv.Development} {
		for _, target := range targets.All() {
			if b.keyIn(execEnv, target) != b.key(b.Target) {
				all = append(all, sibling{target, execEnv})
			}
		}
	}
	return all
}
