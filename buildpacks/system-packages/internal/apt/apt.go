// Package apt selects and downloads Debian packages for a target with apt's own
// programs, without root: apt's files are in folders of the build, and the run
// image's packages count as installed. Nothing is installed, and nothing of the
// target runs.
package apt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/program"
)

// Apt is apt for one target.
type Apt struct {
	State     string // folder for the archive's indexes, kept between builds
	Work      string // folder for everything else
	Target    targets.Target
	Sources   []Source
	Installed []byte // the run image's packages, as control stanzas with empty lines between
	Authority string // file with the certificate authorities to trust, or empty for the system's
	Environ   environ.List
}

// Selected is a package that apt selected.
type Selected struct {
	Name    string
	Version string
	Arch    string // "arm64", "amd64" or "all"
	SHA256  string // of its file, hexadecimal
	Size    int64  // of its file, in bytes
	File    string // where [Apt.Download] puts it
}

// Begin makes the folders and files that apt needs.
func (a Apt) Begin() error {
	for _, name := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(name); err != nil {
			return unsupportedBuilder(name)
		}
	}
	for _, dir := range []string{filepath.Join(a.State, "lists", "partial"), filepath.Join(a.archives(), "partial"), filepath.Join(a.etc(), "apt.conf.d"), filepath.Join(a.etc(), "preferences.d")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	var lines strings.Builder
	for _, s := range a.Sources {
		lines.WriteString(s.line() + "\n")
	}
	for path, text := range map[string]string{
		filepath.Join(a.etc(), "sources.list"): lines.String(),
		a.config():                             a.configuration(),
		a.status():                             string(installed(a.Installed)),
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (a Apt) etc() string      { return filepath.Join(a.Work, "etc") }
func (a Apt) archives() string { return filepath.Join(a.Work, "cache", "archives") }
func (a Apt) config() string   { return filepath.Join(a.Work, "apt.conf") }
func (a Apt) status() string   { return filepath.Join(a.Work, "status") }

// configuration is that of apt.conf(5).
func (a Apt) configuration() string {
	var b strings.Builder
	set := func(name, value string) { fmt.Fprintf(&b, "%s %q;\n", name, value) }
	set("Dir::State", a.State)
	set("Dir::State::status", a.status())
	set("Dir::Cache", filepath.Join(a.Work, "cache"))
	set("Dir::Etc", a.etc())
	set("Dir::Etc::sourcelist", filepath.Join(a.etc(), "sources.list"))
	set("Dir::Log", filepath.Join(a.Work, "log"))
	set("APT::Architecture", a.Target.Arch)
	set("APT::Architectures::", a.Target.Arch)
	set("APT::Install-Recommends", "false")
	set("APT::Install-Suggests", "false")
	set("APT::Update::Error-Mode", "any") // an index that cannot be had is no warning
	set("APT::Sandbox::User", "root")     // there is no other user
	set("Acquire::Languages", "none")
	set("Acquire::ForceHash", "SHA256") // --print-uris would print MD5
	set("Acquire::GzipIndexes", "true") // they stay compressed on the disk
	set("Acquire::Retries", "3")
	set("Acquire::AllowInsecureRepositories", "false")
	set("Acquire::AllowWeakRepositories", "false")
	set("APT::Get::AllowUnauthenticated", "false")
	if a.Authority != "" {
		set("Acquire::https::CAInfo", a.Authority)
	}
	return b.String()
}

// Update gets the indexes of the archives, as far as they have changed, and checks
// their signatures. It counts packages as installed that only an installation
// needs.
func (a Apt) Update(ctx context.Context) error {
	if output, err := a.run(ctx, "apt-get", "-q", "update"); err != nil {
		return a.fault("getting the indexes of the archive", output, err)
	}
	// apt-cache fails if the archive lacks one of them; it prints the others.
	args := append([]string{"show", "--no-all-versions"}, slices.Sorted(maps.Keys(provided))...)
	var stdout bytes.Buffer
	_, _ = a.runTo(ctx, &stdout, io.Discard, "apt-cache", args...)
	all := slices.Concat(installed(a.Installed), installed(stdout.Bytes()))
	return os.WriteFile(a.status(), all, 0o644)
}

// Select returns the packages with all that they depend on and the run image
// lacks, by name.
func (a Apt) Select(ctx context.Context, names []string) ([]Selected, error) {
	if len(names) == 0 {
		return nil, nil
	}
	args := slices.Concat([]string{"-q", "--yes", "--print-uris", "install", "--"}, names)
	output, err := a.run(ctx, "apt-get", args...)
	if err != nil {
		return nil, a.fault("selecting packages", output, err)
	}
	var all []Selected
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "'") {
			continue
		}
		one, err := parseSelected(line)
		if err != nil {
			return nil, err
		}
		one.File = filepath.Join(a.archives(), one.File)
		all = append(all, one)
	}
	slices.SortFunc(all, func(x, y Selected) int { return strings.Compare(x.Name, y.Name) })
	return all, nil
}

// parseSelected parses a line of apt-get --print-uris: 'URI' NAME_VERSION_ARCH.deb
// SIZE SHA256:DIGITS, with the version's colon as %3a.
func parseSelected(line string) (s Selected, err error) {
	fields := strings.Fields(line)
	if len(fields) == 4 {
		s.File = fields[1]
		s.Size, err = strconv.ParseInt(fields[2], 10, 64)
		digits, isSHA := strings.CutPrefix(fields[3], "SHA256:")
		s.SHA256 = digits
		parts := strings.Split(strings.TrimSuffix(s.File, ".deb"), "_")
		if err == nil && isSHA && len(parts) == 3 && filepath.Base(s.File) == s.File {
			s.Name, s.Arch = parts[0], parts[2]
			if s.Version, err = url.PathUnescape(parts[1]); err == nil {
				return s, nil
			}
		}
	}
	return s, fmt.Errorf("selecting packages: apt-get prints %q, want the name, the size and the SHA-256 of a package", strings.TrimSpace(line))
}

// Download downloads what Select returned for the same names. apt compares the
// files with the signed indexes.
func (a Apt) Download(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	args := slices.Concat([]string{"-q", "--yes", "--download-only", "install", "--"}, names)
	if output, err := a.run(ctx, "apt-get", args...); err != nil {
		return a.fault("downloading packages", output, err)
	}
	return nil
}

// Available returns lines about a package in the archive, such as its versions, from
// a command of apt-cache; none if that fails.
func (a Apt) available(ctx context.Context, args ...string) []string {
	var stdout bytes.Buffer
	if _, err := a.runTo(ctx, &stdout, io.Discard, "apt-cache", args...); err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(stdout.String()), "\n")
}

// run runs a program of apt and returns all that it prints.
func (a Apt) run(ctx context.Context, name string, args ...string) (output string, err error) {
	var both bytes.Buffer
	_, err = a.runTo(ctx, &both, &both, name, args...)
	return both.String(), err
}

func (a Apt) runTo(ctx context.Context, stdout, stderr io.Writer, name string, args ...string) ([]program.Process, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr, cmd.Env = stdout, stderr, a.environ()
	cmd.Cancel = func() error { return program.Signal(cmd, syscall.SIGTERM) }
	return program.Run(cmd)
}

// environ is the environment of apt's programs. They read proxies only from names
// in lower case.
func (a Apt) environ() environ.List {
	env := a.Environ.With("LC_ALL", "C").With("APT_CONFIG", a.config()).With("TMPDIR", a.Work)
	for _, name := range []string{"http_proxy", "https_proxy", "no_proxy"} {
		if value := a.Environ.Get(strings.ToUpper(name)); value != "" {
			env = env.Default(name, value)
		}
	}
	return env
}

// Unsupported is the error for a package that has no use in an image, or nil.
func Unsupported(name, where string) error {
	why, ok := provided[name]
	if !ok {
		return nil
	}
	return &failure.Failure{
		ID:     "apt-package-unsupported",
		Cause:  fmt.Sprintf("%s asks for %s: %s", where, name, why),
		Remedy: "leave " + name + " out.",
	}
}
