// Command lifecycle makes a builder's lifecycle archive from the unmodified
// source of the lifecycle's Go module, for one pair of host and target. The
// same modules give the same bytes; the go.mod in the folder module lists them.
//
//	lifecycle -host linux/amd64 -target linux/arm64 -out build/lifecycle/….tgz
//
// The phases run in the build image and have the host's architecture. The
// launcher is copied into the app image and has the target's; the lifecycle
// never checks that, so this program does.
package main

import (
	"context"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/internal/step"
)

const module = "github.com/buildpacks/lifecycle"

// moduleDir is the folder of the go.mod that requires the lifecycle, relative
// to the repository's root, where make runs this program.
const moduleDir = "tools/lifecycle/module"

// phases are the names under which platforms call the one lifecycle program.
var phases = []string{"analyzer", "builder", "creator", "detector", "exporter", "extender", "rebaser", "restorer"}

func main() { step.Main("lifecycle", run) }

func run(ctx context.Context, args []string, log io.Writer) error {
	flags := flag.NewFlagSet("lifecycle", flag.ContinueOnError)
	hostText := flags.String("host", "", "where builds run, for example linux/amd64")
	targetText := flags.String("target", "", "where app images run, for example linux/arm64")
	out := flags.String("out", "", "the archive to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	host, err := targets.Parse(*hostText)
	if err != nil {
		return fmt.Errorf("reading -host: %w", err)
	}
	tgt, err := targets.Parse(*targetText)
	if err != nil {
		return fmt.Errorf("reading -target: %w", err)
	}
	if *out == "" {
		return errors.New("-out is missing")
	}
	return makeArchive(ctx, log, host, tgt, *out)
}

// makeArchive compiles both programs into a folder next to the archive, checks
// them and runs the lifecycle's packager, which writes descriptor and archive.
func makeArchive(ctx context.Context, log io.Writer, host, tgt targets.Target, out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(out), ".lifecycle-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	version, source, err := locate(ctx)
	if err != nil {
		return err
	}
	dir := filepath.Join(work, "lifecycle")
	if err := compile(ctx, log, host, tgt, version, dir); err != nil {
		return err
	}
	if err := linkPhases(dir); err != nil {
		return err
	}
	if err := copyFile(filepath.Join(source, "LICENSE"), filepath.Join(dir, "LICENSE")); err != nil {
		return err
	}
	if err := CheckPairing(dir, host, tgt); err != nil {
		return err
	}
	if err := writeSBOMs(dir, version); err != nil {
		return err
	}
	archive, normal := filepath.Join(work, "lifecycle.tgz"), filepath.Join(work, "normal.tgz")
	err = step.Run(ctx, nil, nil, "go", "run", "-C", moduleDir, module+"/tools/packager", "-archivePath", archive,
		"-descriptorPath", filepath.Join(source, "lifecycle.toml"), "-inputDir", dir, "-version", version)
	if err != nil {
		return err
	}
	if err := normalise(archive, normal, host, tgt); err != nil {
		return err
	}
	return os.Rename(normal, out)
}

// locate returns the version (without the v) and folder of the lifecycle
// module that go.mod names.
func locate(ctx context.Context) (version, dir string, err error) {
	if err := step.Run(ctx, nil, nil, "go", "mod", "download", "-C", moduleDir, module); err != nil {
		return "", "", err
	}
	text, err := step.Output(ctx, nil, "go", "list", "-C", moduleDir, "-m", "-f", "{{.Version}}\t{{.Dir}}", module)
	if err != nil {
		return "", "", err
	}
	version, dir, _ = strings.Cut(strings.TrimPrefix(text, "v"), "\t")
	return version, dir, nil
}

func compile(ctx context.Context, log io.Writer, host, tgt targets.Target, version, dir string) error {
	for _, half := range []struct {
		program  string
		platform targets.Target
	}{{"lifecycle", host}, {"launcher", tgt}} {
		what := fmt.Sprintf("compiling %s %s for %s", half.program, version, half.platform)
		err := step.Do(log, what, func() error {
			return step.Run(ctx, nil, []string{"CGO_ENABLED=0", "GOOS=" + half.platform.OS, "GOARCH=" + half.platform.Arch},
				"go", "build", "-C", moduleDir, "-trimpath", "-ldflags", "-s -w -X "+module+"/cmd.Version="+version,
				"-o", filepath.Join(dir, half.program), module+"/cmd/"+half.program)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func linkPhases(dir string) error {
	for _, phase := range phases {
		if err := os.Symlink("lifecycle", filepath.Join(dir, phase)); err != nil {
			return err
		}
	}
	return nil
}

// CheckPairing reads the ELF headers of the two programs in dir: lifecycle
// must be of the host's machine type, launcher of the target's.
func CheckPairing(dir string, host, tgt targets.Target) error {
	for _, half := range []struct {
		program string
		want    targets.Target
	}{{"lifecycle", host}, {"launcher", tgt}} {
		path := filepath.Join(dir, half.program)
		f, err := elf.Open(path)
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		machine := f.Machine
		f.Close()
		if machine != half.want.ELF() {
			return fmt.Errorf("%s is built for %s, want %s (%s)", half.program, machine, half.want.ELF(), half.want)
		}
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}
