package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/program"
	"github.com/armature-cnb/armature/tools/verifyarm64/guest"
)

const qemu = "qemu-system-aarch64"

// machine is the configuration of qemu.
type machine struct {
	kernel, initramfs string // paths
	memoryMiB         int
}

// memoryFor returns the memory in MiB for a file system in an initramfs: while
// unpacking it is in memory twice, and may then fill half.
func memoryFor(imageBytes int64) int { return 1024 + int(3*imageBytes>>20) }

// arguments returns qemu's arguments. On an arm64 host with KVM the machine
// uses the host's processor; elsewhere qemu emulates it, with one thread per
// processor.
func (m machine) arguments() []string {
	accelerator, cpu := "tcg,thread=multi", "cortex-a72"
	if runtime.GOARCH == "arm64" && kvm() {
		accelerator, cpu = "kvm", "host"
	}
	return []string{
		"-machine", "virt,gic-version=max", "-accel", accelerator, "-cpu", cpu,
		"-smp", "2", "-m", strconv.Itoa(m.memoryMiB),
		"-kernel", m.kernel, "-initrd", m.initramfs,
		"-append", "console=ttyAMA0 panic=-1 loglevel=4 mitigations=off rdinit=/" + guest.InitPath,
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none", "-serial", "stdio",
	}
}

func kvm() bool {
	file, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	file.Close()
	return true
}

// boot runs the machine until it powers off and returns the result of its first
// process. If ctx ends first, it kills qemu. It copies the guest's console to
// log.
func boot(ctx context.Context, log io.Writer, m machine) (guest.Result, error) {
	cmd := exec.CommandContext(ctx, qemu, m.arguments()...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	screen := &console{log: log, start: time.Now()}
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	machine, err := program.Start(cmd)
	if err != nil {
		return guest.Result{}, cannotStart(err)
	}
	read := make(chan struct{})
	go func() { screen.follow(reader); close(read) }()
	stop := screen.heartbeat(10 * time.Second)
	_, err = machine.Wait()
	stop()
	writer.Close()
	<-read

	if screen.err != nil {
		return guest.Result{}, screen.err
	}
	if screen.result != nil {
		return *screen.result, nil
	}
	last := strings.Join(screen.lines, "\n")
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return guest.Result{}, &failure.Failure{
			ID:     "arm64-no-answer",
			Cause:  fmt.Sprintf("no answer within %.0f s", time.Since(screen.start).Seconds()),
			Remedy: "see the console's last lines, and that the app listens on the port that -port names, or allow more with -timeout:\n" + last,
		}
	case ctx.Err() != nil:
		return guest.Result{}, context.Cause(ctx)
	case err != nil:
		return guest.Result{}, fmt.Errorf("running %s: %w; its last lines:\n%s", qemu, err, last)
	}
	return guest.Result{}, fmt.Errorf("the machine stopped without a result; its console's last lines:\n%s", last)
}

func cannotStart(err error) error {
	if !errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("starting %s: %w", qemu, err)
	}
	return &failure.Failure{
		ID:     "qemu-missing",
		Cause:  qemu + " is not installed",
		Remedy: "on Debian or Ubuntu run apt-get install qemu-system-arm as root; elsewhere install qemu 7 or later.",
	}
}

// keptLines is the number of console lines in an error.
const keptLines = 30

// console reads the machine's console.
type console struct {
	log    io.Writer
	start  time.Time
	result *guest.Result
	err    error    // the error of the result's line
	lines  []string // the last ones
	mutex  sync.Mutex
}

func (c *console) follow(r io.Reader) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			c.line(line)
		}
		if err != nil {
			return
		}
	}
}

func (c *console) line(line string) {
	result, ok, err := guest.ParseLine(line)
	if ok {
		c.result, c.err = &result, err
		return
	}
	c.lines = append(c.lines, line)
	c.lines = c.lines[max(0, len(c.lines)-keptLines):]
	if strings.HasPrefix(line, "init: ") || strings.HasPrefix(line, "app: ") {
		c.say("%s", line)
	}
}

func (c *console) say(format string, args ...any) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	fmt.Fprintf(c.log, "    %5.1f s  %s\n", time.Since(c.start).Seconds(), fmt.Sprintf(format, args...))
}

// heartbeat logs regularly that the machine still runs, until stop is called.
func (c *console) heartbeat(every time.Duration) (stop func()) {
	ticker, done := time.NewTicker(every), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				c.say("still waiting")
			case <-done:
				return
			}
		}
	}()
	return func() { ticker.Stop(); close(done) }
}
