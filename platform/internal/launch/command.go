//go:build linux

package launch

import (
	"os"
	"path"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/emulation"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func (o Options) command(root string, config *v1.ConfigFile) (sandbox.Command, error) {
	args := append([]string{}, config.Config.Entrypoint...)
	switch {
	case strings.HasPrefix(o.Entrypoint, "/"):
		args = []string{o.Entrypoint}
	case o.Entrypoint != "":
		args = []string{processes + o.Entrypoint}
	}
	if len(o.Args) > 0 {
		args = append(args, o.Args...)
	} else if o.Entrypoint == "" {
		args = append(args, config.Config.Cmd...)
	}
	if len(args) == 0 {
		return sandbox.Command{}, &failure.Failure{ID: "no-process", Cause: "the image says no process to run", Remedy: "name one: armature run IMAGE -- PROGRAM."}
	}
	uid, _, _ := user(config.Config.User) // spec refuses an invalid user
	return sandbox.Command{Args: args, Env: o.environment(config.Config.Env, homeOf(root, uid)), Dir: config.Config.WorkingDir}, o.checkProcess(root, args[0])
}

// checkProcess returns a specific error for an unknown process type.
func (o Options) checkProcess(root, program string) error {
	inside, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer inside.Close()
	if _, err := inside.Lstat(strings.TrimPrefix(path.Clean(program), "/")); err == nil || !path.IsAbs(program) {
		return nil
	}
	return &failure.Failure{ID: "no-process", Cause: "the image has no " + program, Remedy: "name one of its processes: armature inspect IMAGE lists them."}
}

// checkRunnable returns an error if this machine cannot run an image's programs:
// neither natively nor by emulation.
func checkRunnable(config *v1.ConfigFile) error {
	to, err := targets.Parse(config.OS + "/" + config.Architecture)
	if err != nil {
		return &failure.Failure{ID: "unsupported-target", Cause: "reading the image", Err: err, Remedy: "run an image that armature build made."}
	}
	return emulation.Check("the image has", to, "run the image on a "+to.String()+" machine")
}
