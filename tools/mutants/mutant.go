package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// mutant is one change of one file: text replaces the bytes between two
// offsets.
type mutant struct {
	folder   string // of the package
	file     string
	line     int
	from, to int
	was, is  string
}

func (m mutant) String() string {
	return fmt.Sprintf("  not noticed: %s:%d: %s in place of %s", m.file, m.line, short(m.is), short(m.was))
}

func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 60 {
		text = text[:57] + "..."
	}
	if text == "" {
		return "nothing"
	}
	return "`" + text + "`"
}

// verdict is the outcome of a change.
type verdict int

const (
	unnoticed verdict = iota
	noticed
	tookTooLong
	doesNotCompile
)

// limit returns the time limit for a package's tests with a change, given the
// unchanged duration.
func limit(unchanged time.Duration) time.Duration { return 3*unchanged + 5*time.Second }

// tryUnchanged runs the tests of an unchanged package, which must pass, and
// returns their duration. The first run compiles.
func tryUnchanged(ctx context.Context, folder string) (took time.Duration, err error) {
	for range 2 {
		begin := time.Now()
		verdict, output, err := test(ctx, folder, "", 10*time.Minute)
		if err != nil {
			return 0, err
		}
		if verdict != unnoticed {
			return 0, fmt.Errorf("the tests of %s do not pass as it is:\n%s", folder, output)
		}
		took = time.Since(begin)
	}
	return took, nil
}

func (m mutant) try(ctx context.Context, limit time.Duration) (verdict, error) {
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	text, err := os.ReadFile(m.file)
	if err != nil {
		return 0, err
	}
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(changed, []byte(string(text[:m.from])+m.is+string(text[m.to:])), 0o644); err != nil {
		return 0, err
	}
	absolute, err := filepath.Abs(m.file)
	if err != nil {
		return 0, err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {absolute: changed}})
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(overlay, list, 0o644); err != nil {
		return 0, err
	}
	v, _, err := test(ctx, m.folder, overlay, limit)
	return v, err
}

// compiling is the time limit for compiling a change, in addition to the tests'
// limit.
const compiling = 2 * time.Minute

// test runs a package's tests, and removes their remaining processes and
// temporary files.
func test(ctx context.Context, folder, overlay string, limit time.Duration) (verdict, string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit+compiling)
	defer cancel()
	temporary, err := os.MkdirTemp("", "mutant-tests-")
	if err != nil {
		return 0, "", err
	}
	defer os.RemoveAll(temporary)
	if err := os.Chmod(temporary, 0o777|os.ModeSticky); err != nil { // tests switch to other users
		return 0, "", err
	}
	cache, err := exec.CommandContext(ctx, "go", "env", "GOCACHE").Output()
	if err != nil {
		return 0, "", err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-failfast", "-vet=off", "-timeout", limit.String(), folder)
	cmd.Env = append(os.Environ(), "TMPDIR="+temporary, "CGO_ENABLED=0") // as in release builds
	if overlay != "" {
		cmd.Env = append(cmd.Env, "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay))
	}
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
	case strings.Contains(output.String(), "[build failed]") || strings.Contains(output.String(), "[setup failed]"):
		return doesNotCompile, output.String(), nil
	}
	return noticed, output.String(), nil
}
