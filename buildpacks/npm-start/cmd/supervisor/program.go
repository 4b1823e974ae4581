package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
	"github.com/armature-cnb/armature/internal/failure"
)

// find returns the path of a command's program, and its arguments, the first of
// which is its name.
//
// A script that begins with "#!/usr/bin/env node", as all in node_modules/.bin
// do, is started with node itself: a run image need not have env. One without an
// interpreter is started with sh, as a shell does.
func find(argv []string) (path string, arguments []string, err error) {
	path, err = exec.LookPath(argv[0])
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return "", nil, missing(argv[0], err)
	}
	if err != nil {
		return "", nil, err
	}
	interpreter, err := command.Interpreter(path)
	if err != nil || len(interpreter) == 0 {
		return path, argv, nil // an unreadable program may be executable
	}
	if interpreter[0] == command.Shell {
		return find(append([]string{command.Shell, path}, argv[1:]...))
	}
	words, ok := command.ThroughEnv(interpreter)
	if !ok {
		_, err = os.Stat(interpreter[0])
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil, interpreterMissing(path, interpreter[0])
		}
		return path, argv, nil
	}
	program, err := exec.LookPath(words[0])
	if err != nil {
		return "", nil, interpreterMissing(path, words[0])
	}
	return program, append(append(words, path), argv[1:]...), nil
}

// missing returns the error for a missing command.
func missing(name string, err error) error {
	if name == command.Shell {
		return &failure.Failure{
			ID:     "shell-missing",
			Cause:  "the start script, or a hook of it, needs a shell, and the run image has no sh",
			Remedy: "make it one plain command (node server.js), without variables, pipes or &&, or build with a run image that has a shell.",
			Err:    err,
		}
	}
	if name == "node" { // a layer puts it on the PATH
		return &failure.Failure{
			ID:    "start-command-missing",
			Cause: fmt.Sprintf("the start script calls node, which is in no folder of PATH: PATH is %q", os.Getenv("PATH")),
			Remedy: "leave the image's own PATH as it is: take PATH out of the container's variables, and in a build add to it, " +
				"with BPE_PREPEND_PATH and BPE_DELIM_PATH=: in place of BPE_PATH.",
			Err: err,
		}
	}
	return &failure.Failure{
		ID:     "start-command-missing",
		Cause:  fmt.Sprintf("the start script calls %s, which is not in the image", name),
		Remedy: "if a package brings it, name that under dependencies: development dependencies are not in the image. If it is a program of the system, build with a run image that has it.",
		Err:    err,
	}
}

func interpreterMissing(path, interpreter string) error {
	return &failure.Failure{
		ID:     "interpreter-missing",
		Cause:  fmt.Sprintf("%s is a script for %s, which is not in the image", path, interpreter),
		Remedy: "start the app with node, or build with a run image that has " + interpreter + ".",
		Err:    fs.ErrNotExist,
	}
}
