package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// suite is a package's tests: compiled once for a change, and run in rounds, the
// quick ones first, until one notices.
type suite struct {
	folder string
	rounds []round
}

// round is some of the tests, and the limit for their duration with a change.
type round struct {
	args  []string // of the test program
	limit time.Duration
}

// outcome is what came of a run.
type outcome struct {
	verdict verdict
	output  string
	took    time.Duration // without compiling
}

// compiling is the time limit for compiling a change.
const compiling = 2 * time.Minute

// suiteOf runs the tests of an unchanged package, which must pass, and divides
// them by their durations.
func suiteOf(ctx context.Context, folder string) (s *suite, took time.Duration, err error) {
	s = &suite{folder: folder, rounds: []round{{args: []string{"-test.v"}, limit: 10 * time.Minute}}}
	o, err := s.run(ctx, "")
	if err != nil {
		return nil, 0, err
	}
	if o.verdict != unnoticed {
		return nil, 0, fmt.Errorf("the tests of %s do not pass as it is:\n%s", folder, o.output)
	}
	s.rounds = divide(durations(o.output), o.took)
	return s, o.took, nil
}

// run compiles the tests with an overlay, if it is named, and runs them until a
// round fails. It removes their remaining processes and temporary files.
func (s *suite) run(ctx context.Context, overlay string) (outcome, error) {
	temporary, err := os.MkdirTemp("", "mutant-tests-")
	if err != nil {
		return outcome{}, err
	}
	defer os.RemoveAll(temporary)
	if err := os.Chmod(temporary, 0o777|os.ModeSticky); err != nil { // tests switch to other users
		return outcome{}, err
	}
	env := append(os.Environ(), "TMPDIR="+temporary, "CGO_ENABLED=0") // as in release builds
	if overlay != "" {
		env = append(env, "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay))
	}
	program, o, err := s.compile(ctx, temporary, env)
	begin := time.Now()
	for _, r := range s.rounds {
		if err != nil || o.verdict != unnoticed {
			break
		}
		o.verdict, o.output, err = s.round(ctx, r, program, temporary, env)
	}
	o.took = time.Since(begin)
	return o, err
}

// mistake matches what the compiler says of a line.
var mistake = regexp.MustCompile(`(?m)\.go:\d+:\d+: `)

// compile makes the test program, in a folder of its own for one user, as go test
// has it.
func (s *suite) compile(ctx context.Context, temporary string, env []string) (program string, o outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, compiling)
	defer cancel()
	dir, err := os.MkdirTemp(temporary, "")
	if err != nil {
		return "", o, err
	}
	program = filepath.Join(dir, filepath.Base(s.folder)+".test")
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-o", program, s.folder)
	cmd.Env = env
	text, err := cmd.CombinedOutput()
	o.output = string(text)
	switch {
	case ctx.Err() != nil:
		o.verdict = tookTooLong
		return "", o, nil
	case err != nil && mistake.MatchString(o.output):
		o.verdict = doesNotCompile
		return "", o, nil
	case err != nil:
		return "", o, fmt.Errorf("compiling the tests of %s: %w\n%s", s.folder, err, o.output)
	}
	if _, err := os.Stat(program); err != nil {
		return "", o, fmt.Errorf("%s has no tests: %w", s.folder, err)
	}
	return program, o, nil
}

// round runs some tests of a compiled program in the package's folder.
func (s *suite) round(ctx context.Context, r round, program, temporary string, env []string) (verdict, string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.limit+10*time.Second) // the program itself says sooner which test does not end
	defer cancel()
	cache, err := exec.CommandContext(ctx, "go", "env", "GOCACHE").Output()
	if err != nil {
		return 0, "", err
	}
	dir, err := filepath.Abs(s.folder)
	if err != nil {
		return 0, "", err
	}
	cmd := exec.CommandContext(ctx, program, append([]string{"-test.failfast", "-test.paniconexit0", "-test.timeout=" + r.limit.String()}, r.args...)...)
	cmd.Dir, cmd.Env = dir, append(env, "PWD="+dir)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	confine(cmd, temporary, strings.TrimSpace(string(cache)))
	err = cmd.Run()
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return unnoticed, output.String(), nil
	case ctx.Err() != nil || strings.Contains(output.String(), "panic: test timed out"):
		return tookTooLong, output.String(), nil
	case !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay):
		return 0, "", err
	case exit != nil && exit.ExitCode() == notSeparate:
		return 0, "", errors.New(output.String())
	}
	return noticed, output.String(), nil
}
