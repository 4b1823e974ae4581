package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/program"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// Debian's kernel for virtual machines: an eighth of the size of the hardware
// one, with qemu's devices built in.
const (
	kernelSuite   = "trixie"
	kernelPackage = "linux-image-cloud-arm64"
)

// fetchHook runs in mmdebstrap after apt is set up for arm64 and has verified
// the archive's signature. The named package is empty and depends on the newest
// kernel. apt-get download verifies the hash.
const fetchHook = `set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
kernel=$(apt-cache depends ` + kernelPackage + ` | sed -n 's/^ *Depends: \(linux-image-[^:]*\).*/\1/p')
cd "$VERIFYARM64_DIR"
apt-get --quiet download "$kernel" >&2
dpkg-deb --fsys-tarfile "$kernel"_*.deb | tar -x --strip-components=2 --wildcards './boot/vmlinuz-*'
rm "$kernel"_*.deb`

// kernelIn returns the path of an arm64 kernel in dir, and fetches Debian's if
// there is none. Remove the file to get a newer one.
func kernelIn(ctx context.Context, log io.Writer, dir string) (string, error) {
	if path, ok := newestKernel(dir); ok {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(dir, ".fetch-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	if err := step.Do(log, "fetching Debian's arm64 kernel (28 MB)", func() error { return fetchKernel(ctx, temp) }); err != nil {
		return "", err
	}
	fetched, ok := newestKernel(temp)
	if !ok {
		return "", fmt.Errorf("fetching %s of %s: got no boot/vmlinuz-*", kernelPackage, kernelSuite)
	}
	path := filepath.Join(dir, filepath.Base(fetched))
	return path, os.Rename(fetched, path)
}

func newestKernel(dir string) (string, bool) {
	found, err := filepath.Glob(filepath.Join(dir, "vmlinuz-*"))
	if err != nil || len(found) == 0 {
		return "", false
	}
	return slices.MaxFunc(found, func(a, b string) int { return modTime(a).Compare(modTime(b)) }), true
}

func modTime(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// fetchKernel downloads the kernel of Debian's signed archive into dir. It does
// not change the host's apt settings and architectures.
func fetchKernel(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	// Nothing is installed, so an unprivileged user needs no namespaces;
	// mmdebstrap refuses to run as root without chroot.
	mode := "chrootless"
	if os.Geteuid() == 0 {
		mode = "root"
	}
	cmd := exec.CommandContext(ctx, "mmdebstrap", "--mode="+mode, "--variant=extract", "--architectures=arm64",
		"--format=null", "--extract-hook="+fetchHook, kernelSuite, "-")
	cmd.Env = append(os.Environ(), "VERIFYARM64_DIR="+dir)
	// On an interrupt mmdebstrap cleans up; its children get one too, as from a
	// terminal.
	cmd.Cancel = func() error { return program.Signal(cmd, syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	switch _, err := program.Run(cmd); {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound):
		return &failure.Failure{
			ID:     "kernel-missing",
			Cause:  "there is no arm64 kernel in build/verify-arm64, and mmdebstrap, which fetches Debian's, is not installed",
			Remedy: "on Debian or Ubuntu run apt-get install mmdebstrap debian-archive-keyring as root; elsewhere name a kernel with -kernel.",
		}
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		lines := strings.Split(strings.TrimSpace(output.String()), "\n")
		return fmt.Errorf("mmdebstrap: %w; its last lines:\n%s", err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
	}
}
