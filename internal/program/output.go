package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// How long a program may take to end after SIGTERM.
const grace = 10 * time.Second

// Output runs the program name with this process's environment and env, and
// returns its trimmed standard output, and the processes it left behind. When
// ctx is done, the program's group gets SIGTERM and [grace]. The error of a
// failed program has its output; with a log, the output goes to the log
// instead.
func Output(ctx context.Context, log io.Writer, env []string, name string, args ...string) (_ string, left []Process, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return Signal(cmd, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	var out, all bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, &all), &all
	if log != nil {
		cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, log), log
	}
	left, err = Run(cmd)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", left, fmt.Errorf("%s is not installed: %w", name, err)
	case err != nil:
		return "", left, fmt.Errorf("running %s %s: %w\n%s", name, strings.Join(args, " "), err, strings.TrimSpace(all.String()))
	}
	return strings.TrimSpace(out.String()), left, nil
}
