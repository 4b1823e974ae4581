package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/stack"
)

// request describes an image to make.
type request struct {
	kind   kind
	target targets.Target
	out    string // folder of the OCI image layout; out.cdx.json and out.inputs are next to it
	force  bool   // make it even if the inputs are the same
}

// makeImage makes the image of a request unless it exists, and logs its steps.
// On an error the old image stays.
func makeImage(ctx context.Context, r request, log io.Writer) error {
	say := func(format string, args ...any) {
		fmt.Fprintf(log, "%s image for %s: %s\n", r.kind.name, r.target, fmt.Sprintf(format, args...))
	}
	inputs, err := inputsOf(r)
	if err != nil {
		return err
	}
	if !r.force && isMade(r.out, inputs) {
		say("%s is up to date", r.out)
		return nil
	}
	if err := checkHost(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(r.out), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(r.out), "."+filepath.Base(r.out)+"-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)

	start := time.Now()
	say("downloading packages of Debian %s", suite)
	packages, found, err := download(ctx, r, temp)
	if err != nil {
		return err
	}
	say("%d packages after %.1f s; making the layer", len(packages), time.Since(start).Seconds())
	result, err := assemble(ctx, r, packages, found, filepath.Join(temp, "layer.tar.gz"))
	if err != nil {
		return err
	}
	if err := result.write(r.out, inputs); err != nil {
		return err
	}
	say("%s made in %.1f s: Debian %s, %.1f MB, %.1f MB compressed", r.out, time.Since(start).Seconds(),
		result.pointRelease, float64(result.bytes)/1e6, float64(result.compressedBytes)/1e6)
	return nil
}

func download(ctx context.Context, r request, temp string) ([]deb, []source, error) {
	list, err := stack.Files.ReadFile(r.kind.name + ".packages")
	if err != nil {
		return nil, nil, err
	}
	want, err := parseSelection(string(list), r.target.Arch)
	if err != nil {
		return nil, nil, fmt.Errorf("reading stack/%s.packages: %w", r.kind.name, err)
	}
	found, err := fetch(ctx, r.target, want.names, r.kind.dependencies, temp)
	if err != nil {
		return nil, nil, err
	}
	packages, err := readDebs(ctx, filepath.Join(temp, "archives"), want)
	return packages, found, err
}
