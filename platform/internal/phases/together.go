//go:build linux

package phases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/BurntSushi/toml"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/platform/internal/buildlog"
	"github.com/armature-cnb/armature/platform/internal/loopback"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// RunAll runs the builds of one app for several targets concurrently, and returns
// their images in the order of the builds. First builds start from the layers for
// any target of builds[0]. If one fails, the others are cancelled.
func RunAll(ctx context.Context, builds []*Build) ([]v1.Image, error) {
	for _, b := range builds[1:] {
		if b.follows(builds[0]) {
			b.first = builds[0]
			if err := b.inheritFrom(b.first.left); err != nil {
				return nil, err
			}
		}
	}
	made := make([]v1.Image, len(builds))
	group, ctx := errgroup.WithContext(ctx)
	for i, b := range builds {
		group.Go(func() error {
			result, err := b.Run(ctx)
			if err == nil {
				made[i] = result.Image
			}
			return err
		})
	}
	return made, group.Wait()
}

// follows reports whether a build waits for another one's layers. That pays off
// if they include the modules for both: the lockfile is only a hint, and a wrong
// guess only costs time. Build scripts' output is specific to each build, and
// other buildpacks are unknown.
func (b *Build) follows(other *Build) bool {
	if b.Rebase != nil || b.emulated() || other.emulated() || !b.Buildpacks.Empty() {
		return false
	}
	if _, err := os.Lstat(b.manifestPath()); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	m, err := b.preview()
	return err == nil && m.ForAnyTarget(b.Env)
}

// divided reports whether the build runs beside the one that makes layers for it.
// In a chroot, /proc/self/exe is faked until a phase calls the registry
// (Command.AsksForItself). Phases that call none would keep the fake, also for
// programs that they start: there the build waits for the other's end.
func (b *Build) divided() bool { return b.first != nil && b.Way != sandbox.Chroot }

// stage is one step of a build that runs in two halves: a program of the lifecycle,
// or something that the platform itself does.
type stage struct {
	phase   string           // begins a phase of that name; empty to go on in the one before
	command *sandbox.Command // what runs, nil for nothing
	do      func() error     // what the platform does, nil for nothing
}

// inTwoHalves runs the lifecycle's phases one by one. The first half runs before
// the buildpacks, while the first build waits for the network. The build phase
// waits for the first build's buildpacks, and the export for its image.
func (b *Build) inTwoHalves(ctx context.Context, box *sandbox.Sandbox, registry *loopback.Registry, call func(program string, args ...string) sandbox.Command) (sandbox.Status, error) {
	fresh, err := b.hasNoCache()
	if err != nil {
		return sandbox.Status{}, err
	}
	app := registry.Reference(loopback.AppRepository)
	program := func(name string, args ...[]string) *sandbox.Command {
		command := call(name, slices.Concat(args...)...)
		return &command
	}
	analyzer := program("analyzer", inLayers, b.runImageArgs(registry), b.userArgs(), []string{app})
	var took bool
	steps := []stage{
		{do: func() error { return b.first.busy.wait(ctx) }},
		{phase: "ANALYZING", command: analyzer},
		{phase: detecting, command: program("detector", inApp, inLayers, inPlatform)},
		{phase: "RESTORING", command: program("restorer", inLayers, b.cacheArgs(registry), b.userArgs())},
		{phase: waiting, do: func() error { return b.first.layered.wait(ctx) }},
		{do: func() (err error) { took, err = b.takeMetadata(); return err }},
		{phase: building, command: program("builder", inApp, inLayers, inPlatform)},
		{phase: waiting, do: func() error { return b.afterFirst(ctx) }},
		{do: func() error { return b.offerPrevious(ctx, registry) }},
		{phase: exporting, command: analyzer},
		{command: program("exporter", inApp, inLayers, b.cacheArgs(registry), b.userArgs(), []string{app})},
	}
	for _, step := range steps {
		if status, err := step.run(ctx, box); err != nil || status != (sandbox.Status{}) {
			return status, err
		}
	}
	if fresh && took {
		return sandbox.Status{}, b.takeCache(b.first)
	}
	return sandbox.Status{}, nil
}

// run runs the program first, then what the platform does. A status other than
// zero is the program's.
func (s stage) run(ctx context.Context, box *sandbox.Sandbox) (status sandbox.Status, err error) {
	var command sandbox.Command
	if s.command != nil {
		command = *s.command
	}
	if s.phase != "" {
		command.Heading, command.Followed = buildlog.PhasePrefix+s.phase, true
	}
	if s.phase != "" || s.command != nil {
		status, err = box.Run(ctx, command, nil)
	}
	if err == nil && status == (sandbox.Status{}) && s.do != nil {
		err = s.do()
	}
	return status, err
}

// takeMetadata copies the metadata, without content, of the first build's layers
// for any target into this build, as the lifecycle's restorer does with the
// previous image's (Platform API, "restorer"). It reports whether there was any.
// Scripts of the app could write to the folders of both.
func (b *Build) takeMetadata() (took bool, err error) {
	theirs, err := b.first.openLayers()
	if err != nil {
		return false, err
	}
	defer theirs.Close()
	ours, err := b.openLayers()
	if err != nil {
		return false, err
	}
	defer ours.Close()
	paths, err := fs.Glob(theirs.FS(), "*/*.toml")
	for _, path := range paths {
		one, err := b.takeMetadataOf(path, theirs, ours)
		if err != nil {
			return took, fmt.Errorf("taking over %s: %w", path, err)
		}
		took = took || one
	}
	return took, err
}

func (b *Build) takeMetadataOf(path string, theirs, ours *os.Root) (took bool, err error) {
	if _, err := ours.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err // this build has its own
	}
	text, err := regular.Read(theirs, path, maxSmallFile)
	if err != nil {
		return false, nil // not written by the lifecycle
	}
	var layer struct {
		Types struct {
			Launch bool `toml:"launch"`
			Build  bool `toml:"build"`
			Cache  bool `toml:"cache"`
		} `toml:"types"`
		Metadata map[string]any `toml:"metadata"`
	}
	if toml.Unmarshal(text, &layer) != nil || layer.Metadata[nodemodules.AnyTargetKey] != true || !layer.Types.Launch || layer.Types.Build || layer.Types.Cache {
		return false, nil
	}
	known, err := toml.Marshal(map[string]any{"metadata": layer.Metadata})
	if err != nil {
		return false, err
	}
	dir := filepath.Dir(path)
	if err := ours.MkdirAll(dir, 0o755); err != nil {
		return false, err
	}
	if err := ours.WriteFile(path, known, 0o644); err != nil {
		return false, err
	}
	return true, b.own(ours, dir, path)
}

// own gives files to the builder's user, unless that is this process's.
func (b *Build) own(root *os.Root, paths ...string) (err error) {
	for _, path := range paths {
		if !b.Way.OneID() {
			err = errors.Join(err, root.Lchown(path, b.builder.user, b.builder.group))
		}
	}
	return err
}

// afterFirst waits for the first build's image, and lets this build start from
// its layers for any target.
func (b *Build) afterFirst(ctx context.Context) error {
	if err := b.first.made.wait(ctx); err != nil {
		return err
	}
	return b.Log.Step("beginning with the layers for any target", func() error { return b.beginWith(b.first.image) })
}

// wholeAfterFirst prepares a build that runs the whole lifecycle after the first
// one's end.
func (b *Build) wholeAfterFirst(ctx context.Context) error {
	if err := b.afterFirst(ctx); err != nil {
		return err
	}
	if fresh, err := b.hasNoCache(); err != nil || !fresh {
		return err
	}
	return b.takeCache(b.first)
}

// beginWith adds an image's layers for any target to a build's seed.
func (b *Build) beginWith(made v1.Image) error {
	metadata, layers, err := layersOf(made, func(_ layerName, layer json.RawMessage) bool { return isForAnyTarget(layer) })
	if err != nil || len(layers) == 0 {
		return err
	}
	if b.seed != nil {
		seedMetadata, seedLayers, err := layersOf(b.seed, func(layerName, json.RawMessage) bool { return true })
		if err != nil {
			return err
		}
		metadata.Buildpacks, layers = append(seedMetadata.Buildpacks, metadata.Buildpacks...), append(seedLayers, layers...)
		if layers, err = withLauncher(b.seed, &metadata, layers); err != nil {
			return err
		}
	}
	seed, err := imageOf(b.Target, metadata, layers)
	if err != nil {
		return err
	}
	manifest, err := b.blobs.Store(seed, b.first.blobs)
	if err != nil {
		return err
	}
	b.seed, err = b.blobs.Image(manifest)
	return err
}

// isForAnyTarget says whether what an image says of a layer has that key.
func isForAnyTarget(layer json.RawMessage) bool {
	var said labels.Layer
	return json.Unmarshal(layer, &said) == nil && said.Value(nodemodules.AnyTargetKey) == true
}
