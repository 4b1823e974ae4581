package systempackages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/apt"
	"github.com/armature-cnb/armature/internal/cnb/bindings"
	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/environ"
)

// Names of the layers.
const (
	packagesLayer = "packages"
	stateLayer    = "apt"
)

// keyMetadata is the layer metadata key for the digest that decides about reuse.
const keyMetadata = "sha256"

// form is the form of the layer: another one makes all layers anew.
const form = "1"

// Builder has what a build needs.
type Builder struct {
	Environ   environ.List
	Bindings  bindings.Resolver
	Log       scribe.Emitter
	System    apt.System
	RunImages string // folder with the packages of the run images, see package runimage
	OSRelease string // the build image's os-release(5)
}

// BuildImage is where Armature's build image has its archive.
var BuildImage = apt.BuildImage

// Build makes the layer of the packages, or reuses that of the build before.
func Build(b Builder) packit.BuildFunc {
	return func(bp packit.BuildContext) (result packit.BuildResult, err error) {
		b.Log.Title("%s %s", bp.BuildpackInfo.Name, bp.BuildpackInfo.Version)
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		work, err := os.MkdirTemp("", "system-packages-")
		if err != nil {
			return result, err
		}
		defer os.RemoveAll(work)
		run, err := b.determine(bp, work)
		if err != nil {
			return result, err
		}
		selected, err := run.resolve(ctx)
		if err != nil {
			return result, err
		}
		layer, err := run.layer(ctx, selected)
		if err != nil {
			return result, err
		}
		state, err := bp.Layers.Get(stateLayer)
		state.Cache = true
		return packit.BuildResult{Layers: []packit.Layer{layer, state}}, err
	}
}

// resolve returns all packages that the layer gets, by name.
func (run *build) resolve(ctx context.Context) ([]apt.Selected, error) {
	run.Log.Process("Selecting system packages for %s", run.target)
	for _, p := range run.asked {
		run.Log.Subprocess("%s (%s)", p, p.Where)
	}
	for _, s := range run.apt.Sources {
		run.Log.Subprocess("from %s", s.Place())
	}
	if err := run.apt.Begin(); err != nil {
		return nil, err
	}
	done := run.spans.Start(spans.Task, "selecting system packages")
	defer done()
	if err := run.apt.Update(ctx); err != nil {
		return nil, err
	}
	selected, err := run.apt.Select(ctx, run.names())
	if err != nil {
		return nil, err
	}
	run.Log.Break()
	return selected, nil
}

// names are the packages that apt is asked for: all but those that the run image
// has, which apt would want newer.
func (run *build) names() (names []string) {
	for _, p := range run.asked {
		if own, ok := run.own[p.Name]; !ok || p.Version != "" && p.Version != own {
			names = append(names, p.String())
		}
	}
	return names
}

// layer makes the layer, or reuses that of the build before.
func (run *build) layer(ctx context.Context, selected []apt.Selected) (packit.Layer, error) {
	layer, err := run.context.Layers.Get(packagesLayer)
	if err != nil {
		return layer, err
	}
	key := run.key(selected)
	reused := layer.Metadata[keyMetadata] == key
	if !reused {
		if layer, err = layer.Reset(); err != nil {
			return layer, err
		}
	}
	layer.Launch = true
	layer.Metadata = map[string]any{keyMetadata: key}
	run.report(selected)
	if run.sbom {
		document := run.document(selected)
		if err := document.Validate(); err != nil {
			return layer, err
		}
		layer.SBOM = document.Formatter()
	}
	if reused {
		run.Log.Process("Reusing cached layer %s", layer.Path)
		run.Log.Break()
		return layer, nil
	}
	layer.LaunchEnv, err = run.fill(ctx, layer.Path, selected)
	return layer, err
}

// key is the digest of all that decides about a layer's content.
func (run *build) key(selected []apt.Selected) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s %s\n", form, run.target, run.context.BuildpackInfo.Version)
	for _, s := range selected {
		fmt.Fprintf(sum, "%s %s %s %s\n", s.Name, s.Version, s.Arch, s.SHA256)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// report logs the packages' versions, first those that are asked for. It warns of
// those without a version of the user's.
func (run *build) report(selected []apt.Selected) {
	byName := map[string]apt.Selected{}
	var size int64
	for _, s := range selected {
		byName[s.Name] = s
		size += s.Size
	}
	run.Log.Process("Selected %d packages, %.1f MB", len(selected), float64(size)/1e6)
	var unpinned []string
	for _, p := range run.asked {
		s, ok := byName[p.Name]
		if !ok {
			run.Log.Subprocess("%s: the run image has it", p.Name)
			continue
		}
		run.Log.Subprocess("%s %s (%s)", s.Name, s.Version, p.Where)
		if p.Version == "" {
			unpinned = append(unpinned, s.Name+"="+s.Version)
		}
		delete(byName, p.Name)
	}
	var others []string
	for _, s := range byName {
		others = append(others, s.Name+" "+s.Version)
	}
	slices.Sort(others)
	for line := range slices.Chunk(others, 4) {
		run.Log.Subprocess("and %s", strings.Join(line, ", "))
	}
	run.Log.Break()
	if len(unpinned) > 0 {
		run.Log.Process("WARNING: [apt-package-unpinned] the same source can give another image when the archive has other versions. To pin them: %s", strings.Join(unpinned, " "))
		run.Log.Break()
	}
}

// fill makes the layer's content, and returns the variables of the app's process.
func (run *build) fill(ctx context.Context, dir string, selected []apt.Selected) (packit.Environment, error) {
	run.Log.Process("Installing into %s", filepath.Base(dir))
	done := run.spans.Start(spans.Download, "system packages")
	if err := run.apt.Download(ctx, run.names()); err != nil {
		return nil, err
	}
	done()
	defer run.spans.Start(spans.Task, "unpacking system packages")()
	env, err := run.unpack(ctx, dir, selected)
	if err != nil {
		return nil, err
	}
	run.Log.EnvironmentVariables(packit.Layer{LaunchEnv: env})
	return env, nil
}
