// Command verifyarm64 boots the root file system of a linux/arm64 image on an
// arm64 kernel, runs the image's entrypoint as the image's user, and sends it
// an HTTP request.
//
// A container proves less: on another host, user-mode emulation runs programs
// for arm64 and the host's kernel runs the host's, so an image with a wrong
// program still answers.
//
//	verifyarm64 -image app.tar -expect 'Hello World!'
//
// It needs qemu-system-aarch64 and, the first time, mmdebstrap to fetch
// Debian's kernel.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/tools/internal/step"
	"github.com/armature-cnb/armature/tools/verifyarm64/guest"
)

func main() { step.Main("verifyarm64", run) }

// settings are the flags.
type settings struct {
	image, path, expect string
	kernel, cache       string
	port                int
	env                 []string
	timeout             time.Duration
}

func parse(args []string, log io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("verifyarm64", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.StringVar(&s.image, "image", "", "the `file` that docker save wrote, or the folder of an OCI layout")
	flags.IntVar(&s.port, "port", 3000, "the port that the app listens on")
	flags.StringVar(&s.path, "path", "/", "what to ask for")
	flags.StringVar(&s.expect, "expect", "", "the text that the answer must contain")
	flags.Func("env", "`NAME=value` for the app, as docker run has it; may be repeated", func(v string) error {
		if name, _, ok := strings.Cut(v, "="); !ok || name == "" {
			return fmt.Errorf("got %q, want NAME=value", v)
		}
		s.env = append(s.env, v)
		return nil
	})
	flags.DurationVar(&s.timeout, "timeout", 240*time.Second, "how long booting and answering may take")
	flags.StringVar(&s.kernel, "kernel", "", "the arm64 kernel's `file`; Debian's when empty")
	flags.StringVar(&s.cache, "cache", filepath.Join("build", "verify-arm64"), "the `folder` that Debian's kernel is kept in")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("got arguments %q, want flags only", flags.Args())
	case s.image == "":
		return s, errors.New("-image is missing: name what docker save wrote, or the folder of an OCI layout")
	case s.port < 1 || s.port > 65535:
		return s, fmt.Errorf("-port: got %d, want 1 to 65535", s.port)
	case s.timeout <= 0:
		return s, fmt.Errorf("-timeout: got %s, want more than none", s.timeout)
	}
	return s, nil
}

func run(ctx context.Context, args []string, log io.Writer) error {
	s, err := parse(args, log)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	image, err := openImage(s.image)
	if err != nil {
		return err
	}
	task, err := taskOf(image, s.port, s.path, s.env)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "verifyarm64-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)

	m := machine{kernel: s.kernel, initramfs: filepath.Join(temp, "initramfs")}
	if m.kernel == "" {
		if m.kernel, err = kernelIn(ctx, log, s.cache); err != nil {
			return err
		}
	}
	err = step.Do(log, "making the machine's file system", func() error {
		program := filepath.Join(temp, "init")
		if err := compileInit(ctx, program); err != nil {
			return err
		}
		bytes, err := initramfs(image, program, task, m.initramfs)
		m.memoryMiB = memoryFor(bytes)
		return err
	})
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	fmt.Fprintf(log, "  booting %s, %d MiB ...\n", filepath.Base(m.kernel), m.memoryMiB)
	start := time.Now()
	result, err := boot(limited, log, m)
	if err != nil {
		return err
	}
	if err := judge(result, task, s.expect); err != nil {
		return err
	}
	fmt.Fprintf(log, "  booted and answered on %s, kernel %s: %.1f s\n", result.Machine, result.Kernel, time.Since(start).Seconds())
	fmt.Println(strings.TrimSpace(result.Body))
	return nil
}

// compileInit compiles the machine's first process.
func compileInit(ctx context.Context, out string) error {
	return step.Run(ctx, nil, []string{"GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0"},
		"go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, "github.com/armature-cnb/armature/tools/verifyarm64/init")
}

// judge returns an error for a bad result.
func judge(r guest.Result, task guest.Task, expect string) error {
	entrypoint := task.Args[0]
	printed := ""
	if len(r.Output) > 0 {
		printed = "; it printed last:\n" + strings.Join(r.Output, "\n")
	}
	switch r.Outcome {
	case guest.Answered:
		if r.Status < 200 || r.Status > 299 || !strings.Contains(r.Body, expect) {
			return &failure.Failure{
				ID:     "arm64-wrong-answer",
				Cause:  fmt.Sprintf("%s answered with status %d and %q, want status 200 to 299 and a body with %q", task.URL, r.Status, r.Body, expect),
				Remedy: "see what the app does on arm64" + printed,
			}
		}
		return nil
	case guest.Refused:
		machines := ""
		if r.Program != "" {
			machines = fmt.Sprintf(" (it is a program for %s, want %s)", r.Program, r.Machine)
		}
		return &failure.Failure{
			ID:     "arm64-refused",
			Cause:  fmt.Sprintf("the arm64 kernel did not run the image's entrypoint %s: %s%s", entrypoint, r.Error, machines),
			Remedy: "see that the launcher and the programs in the image are arm64's: the builder for linux/arm64 has the right ones.",
		}
	case guest.Exited:
		return &failure.Failure{
			ID:     "arm64-exited",
			Cause:  fmt.Sprintf("the image's entrypoint %s ended before it answered: %s", entrypoint, r.Error),
			Remedy: "see why it ended" + printed,
		}
	}
	return fmt.Errorf("setting up the machine: %s", r.Error)
}
