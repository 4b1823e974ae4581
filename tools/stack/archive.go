package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/program"
)

// suite is the release of Debian that the images are made from.
const suite = "trixie"

// suites are all suites with packages, including updates and security fixes.
var suites = []string{suite, suite + "-updates", suite + "-security"}

// hostPrograms are the programs that this tool calls, and their packages in
// Debian and Ubuntu.
var hostPrograms = []struct{ file, pkg string }{
	{"mmdebstrap", "mmdebstrap"},
	{"apt-get", "apt"},
	{"dpkg-deb", "dpkg"},
	{"/usr/share/keyrings/debian-archive-keyring.*", "debian-archive-keyring"},
}

// checkHost returns an error with all packages that the host lacks.
func checkHost() error {
	var missing []string
	for _, p := range hostPrograms {
		if filepath.IsAbs(p.file) {
			if found, _ := filepath.Glob(p.file); len(found) > 0 {
				continue
			}
		} else if _, err := exec.LookPath(p.file); err == nil {
			continue
		}
		missing = append(missing, p.pkg)
	}
	if len(missing) == 0 {
		return nil
	}
	names := strings.Join(missing, " ")
	return fmt.Errorf("this host lacks %s: on Debian or Ubuntu run\n\n    apt-get install %[1]s\n\nas root; on any other system make the images in a container or virtual machine of one of them", names)
}

// fetchHook runs in mmdebstrap after apt is set up for the target and has
// verified the archive's signature. $1 is mmdebstrap's root. It prints a line
// "suite NAME URI COMPONENT" for every index that apt searches, on stderr, since
// mmdebstrap writes its image to stdout. Without dependencies, apt-get download checks the
// packages' hashes as install does.
const fetchHook = `set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
apt-get indextargets --format 'suite $(RELEASE) $(REPO_URI) $(COMPONENT)' 'Created-By: Packages' >&2
mkdir -p "$1/var/cache/apt/archives"
cd "$1/var/cache/apt/archives"
%s >&2`

// fetch downloads packages for a target from Debian's archive into dir, which
// must exist, and returns where in the archive apt searched. Nothing is installed
// or unpacked and nothing of the target runs.
func fetch(ctx context.Context, t targets.Target, names []string, dependencies bool, dir string) ([]source, error) {
	command := "apt-get --quiet download "
	if dependencies {
		command = "apt-get --quiet --yes --no-install-recommends --download-only install "
	}
	// Only the variant "extract" does not require that the host can run the
	// target's programs. It extracts nothing, since no package is named; the
	// hook does the rest.
	cmd := exec.CommandContext(ctx, "mmdebstrap",
		"--mode="+mode(),
		"--variant=extract",
		"--architectures="+t.Arch,
		"--format=null",
		"--extract-hook="+fmt.Sprintf(fetchHook, command+strings.Join(names, " ")),
		"--extract-hook=copy-out /var/cache/apt/archives "+dir,
		suite, "-",
	)
	temp, err := os.MkdirTemp("", "mmdebstrap-")
	if err != nil {
		return nil, err
	}
	defer removeKeyrings(temp)
	if err := os.Chmod(temp, 0o755); err != nil { // apt reads in it as a user of its own
		return nil, err
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &output, &output, append(os.Environ(), "TMPDIR="+temp)
	// On an interrupt mmdebstrap unmounts and cleans up; its children get one
	// too, as from a terminal.
	cmd.Cancel = func() error { return program.Signal(cmd, syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	if _, err := program.Run(cmd); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("downloading packages for %s: %w", t, context.Cause(ctx))
		}
		return nil, fmt.Errorf("downloading packages for %s: mmdebstrap: %w; its last lines:\n%s", t, err, lastLines(output.String(), 20))
	}
	found := sources(output.String())
	return found, checkSuites(found)
}

// removeKeyrings removes mmdebstrap's folder for temporary files, with the
// keyrings that an early interrupt leaves in it. It removes no other content:
// something could be mounted there.
func removeKeyrings(temp string) {
	keyrings, _ := filepath.Glob(filepath.Join(temp, "mmdebstrap.gpghome.*"))
	for _, dir := range keyrings {
		os.RemoveAll(dir)
	}
	os.Remove(temp)
}

// mode returns mmdebstrap's mode. Nothing is installed, so an unprivileged user
// needs no user namespaces; mmdebstrap refuses to run as root without chroot
// since 1.4.
func mode() string {
	if os.Geteuid() == 0 {
		return "root"
	}
	return "chrootless"
}

func checkSuites(found []source) error {
	var got []string
	for _, s := range found {
		if !slices.Contains(got, s.suite) {
			got = append(got, s.suite)
		}
	}
	for _, want := range suites {
		if !slices.Contains(got, want) {
			return errors.New("mmdebstrap's own list of Debian's suites: got " + strings.Join(got, ", ") + ", want " + strings.Join(suites, ", ") + "; install a newer mmdebstrap or distro-info-data")
		}
	}
	return nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
