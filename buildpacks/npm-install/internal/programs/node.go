package programs

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
	"github.com/armature-cnb/armature/internal/node/npmrange"
)

// checkNode refuses a program that does not run on the build's Node.js.
func (i *installation) checkNode(needs string) error {
	wanted, err := npmrange.Parse(needs)
	if err != nil || needs == "" {
		return nil // the package says nothing that npm would understand
	}
	node, err := LookPath(buildplan.Node, i.env.Get("PATH"))
	if err != nil {
		return err
	}
	output, err := run(node, i.env, i.dir, "--version")
	if err != nil {
		return err
	}
	has, err := semver.NewVersion(strings.TrimSpace(output))
	if err != nil {
		return fmt.Errorf("asking Node.js for its version: got %q: %w", output, err)
	}
	if wanted.Has(has) {
		return nil
	}
	remedy := fmt.Sprintf("choose another Node.js for the app with engines.node in package.json or BP_NODE_VERSION, for example %s", needs)
	if older, ok := runningOn(i.Manager, has); ok {
		remedy += fmt.Sprintf("; or another %s: %s=%s runs on this one", i.Manager, Variables[i.Manager], older)
	}
	return &failure.Failure{
		ID:     "package-manager-needs-other-node",
		Cause:  fmt.Sprintf("%s %s (%s) runs on Node.js %s, and the app's is %s", i.Manager, i.Version, i.Source, needs, has),
		Remedy: remedy + ".",
	}
}

// runningOn returns the newest release that runs on a Node.js.
func runningOn(manager string, node *semver.Version) (string, bool) {
	for _, release := range managerreleases.Known() {
		if release.Manager != manager || !release.IsComplete() || managerreleases.Native(manager, release.Version) {
			continue
		}
		if wanted, err := npmrange.Parse(release.Node); err == nil && wanted.Has(node) {
			return release.Version.String(), true
		}
	}
	return "", false
}

// askVersion asks a program for its version.
func (i *installation) askVersion(p Program) (string, error) {
	env := i.env.With("YARN_IGNORE_PATH", "1") // or it would hand over to the file that it is a copy of
	cmd, err := p.Command(env, i.context.Layers.Path, "--version")
	if err != nil {
		return "", err
	}
	output, err := outputOf(cmd)
	version := strings.TrimSpace(output)
	if err == nil {
		_, err = semver.NewVersion(version)
	}
	if err != nil {
		return "", &failure.Failure{
			ID:     "yarn-path-invalid",
			Cause:  fmt.Sprintf("%s names a program that does not tell its version", i.Source),
			Remedy: "let `yarn set version` write it again, and commit it as it is: Git LFS or a conversion of line ends may have changed it.",
			Err:    err,
		}
	}
	return version, nil
}

// run runs a program and returns its output.
func run(path string, env environ.List, dir string, args ...string) (string, error) {
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = dir, env.With("PWD", dir)
	return outputOf(cmd)
}

func outputOf(cmd *exec.Cmd) (string, error) {
	output, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return "", fmt.Errorf("running %s: %w", strings.Join(cmd.Args, " "), err)
	}
	return string(output), nil
}
