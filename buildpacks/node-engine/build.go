package nodeengine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"
	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/cnb/bindings"
	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/cnb/execenv"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/distribution"
	"github.com/armature-cnb/armature/internal/node/inventory"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// Build installs Node.js for the buildpack plan: it determines the request,
// resolves the version, installs the layers and reports. SIGINT and SIGTERM end
// it early.
func Build(env environ.List, log scribe.Emitter) packit.BuildFunc {
	return func(bp packit.BuildContext) (packit.BuildResult, error) {
		host, err := targets.Host()
		if err != nil {
			return packit.BuildResult{}, err
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return builder{Context: ctx, Environ: env, Bindings: servicebindings.NewResolver(), Host: host, Now: time.Now(), Logger: log}.Build(bp)
	}
}

// builder has what [Build] works with. All fields are required.
type builder struct {
	Context  context.Context // cancels the build
	Environ  environ.List
	Bindings bindings.Resolver
	Host     targets.Target // what this program runs on
	Now      time.Time      // only for warnings about the end of life
	Logger   scribe.Emitter
}

func (b builder) Build(bp packit.BuildContext) (packit.BuildResult, error) {
	b.Logger.Title("%s %s", bp.BuildpackInfo.Name, bp.BuildpackInfo.Version)
	run, err := b.determine(bp)
	if err != nil {
		return packit.BuildResult{}, err
	}
	if !run.demand.Node {
		return run.satisfiedElsewhere(), nil
	}
	if !run.demand.AtLaunch && !run.demand.AtBuild {
		b.Logger.Process("Installing nothing: no entry of the plan wants Node.js during the build or at launch")
		return packit.BuildResult{}, nil
	}
	if err := run.resolve(); err != nil {
		return packit.BuildResult{}, err
	}
	layers, err := run.install()
	if err != nil {
		return packit.BuildResult{}, err
	}
	if run.environment.Develops() && run.demand.AtLaunch {
		layer, err := run.environmentLayer()
		if err != nil {
			return packit.BuildResult{}, err
		}
		layers = append(layers, layer)
	}
	return packit.BuildResult{Layers: layers}, nil
}

// optimizeVariable is the setting that sizes the heap for the container's
// memory: true always sizes it, false leaves it to Node.js, and unset sizes it
// only for a memory limit.
const optimizeVariable = "BP_NODE_OPTIMIZE_MEMORY"

// build is the state of one run of Build: the request and what was resolved.
type build struct {
	demand  demand
	builder builder
	context packit.BuildContext

	target   targets.Target
	source   string // BP_NODE_SOURCE
	sbom     bool   // whether to write bills of materials
	optimize string // BP_NODE_OPTIMIZE_MEMORY: "true", "false", or empty when it is not set
	strict   bool   // BP_NODE_VERSION_STRICT

	environment execenv.Environment

	npmBecause string // why npm is in the app image, if no plan entry requires it
	registry   string // BP_NPM_REGISTRY; may hold a password
	inventory  *inventory.Inventory
	bindings   []servicebindings.Binding
	authority  []cacerts.File
	spans      *spans.Recorder // reports durations to the platform

	version  *semver.Version
	ended    bool              // whether a range selected a line past its end of life
	launched inventory.Release // for the target
	built    inventory.Release // for the host
}

// determine reads the plan, the settings and the project.
func (b builder) determine(bp packit.BuildContext) (*build, error) {
	run := &build{demand: readPlan(bp.Plan), builder: b, context: bp, spans: spans.New(bp.Platform.Path, b.Logger.TitleWriter)}
	var err error
	if run.environment, err = execenv.Read(b.Environ.Get); err != nil {
		return nil, err
	}
	if run.target, err = targets.FromEnv(b.Environ.Get); err != nil {
		return nil, unsupported(err)
	}
	if run.source, err = settings.OneOf(b.Environ.Get, distribution.Variable, distribution.Auto, distribution.NodeJSOrg, distribution.NPM); err != nil {
		return nil, err
	}
	if run.sbom, err = sbomWanted(b.Environ.Get); err != nil {
		return nil, err
	}
	optimize, err := settings.Bool(b.Environ.Get, optimizeVariable, false)
	if err != nil {
		return nil, err
	}
	if b.Environ.Get(optimizeVariable) != "" {
		run.optimize = strconv.FormatBool(optimize)
	}
	if run.strict, err = settings.Bool(b.Environ.Get, strictVariable, false); err != nil {
		return nil, err
	}
	if run.registry, err = npmrc.BuiltinRegistry(b.Environ.Get); err != nil {
		return nil, err
	}
	if err := run.findNPM(); err != nil {
		return nil, err
	}
	all, err := inventory.Read(filepath.Join(bp.CNBPath, "buildpack.toml"))
	if err != nil {
		return nil, err
	}
	run.inventory = distribution.Restrict(all, run.source, true)
	run.bindings, err = bindings.Find(b.Bindings, bp.Platform.Path, cacerts.BindingType, distribution.MirrorBinding, distribution.MappingBinding, npmrc.BindingType)
	if err != nil {
		return nil, err
	}
	run.authority, err = cacerts.Read(run.bindings)
	return run, err
}

func unsupported(err error) error {
	var unsupported *targets.UnsupportedError
	if !errors.As(err, &unsupported) {
		return err
	}
	return &failure.Failure{
		ID:     "target-unsupported",
		Cause:  "Node.js cannot be installed",
		Remedy: "use a run image for one of these targets.",
		Err:    err,
	}
}

// satisfiedElsewhere handles a plan without node: an image extension installs
// Node.js, in both the build image and the run image. The settings are the
// same, except for the path.
func (run *build) satisfiedElsewhere() packit.BuildResult {
	run.builder.Logger.Process("Installing nothing: the plan wants no node, so an image extension provides it")
	layer := packit.Layer{
		Path: filepath.Join(run.context.Layers.Path, launchLayer), Name: launchLayer,
		Build: true, Launch: true,
		SharedEnv: environment(""),
		LaunchEnv: run.launchEnvironment(),
		ExecD:     run.helpers(),
		Metadata:  map[string]any{"build": true, "launch": true},
	}
	run.debug().EnvironmentVariables(layer)
	return packit.BuildResult{Layers: []packit.Layer{layer}}
}

// install makes the required layers, from archives where it cannot reuse them.
func (run *build) install() ([]packit.Layer, error) {
	wanted, err := run.wanted()
	if err != nil {
		return nil, err
	}
	layers, todo, err := run.reuse(wanted)
	if err != nil {
		return nil, err
	}
	if len(todo) > 0 {
		made, err := run.unpack(todo)
		if err != nil {
			return nil, err
		}
		layers = append(layers, made...)
	}
	if err := run.describe(layers, wanted); err != nil {
		return nil, err
	}
	if len(run.authority) > 0 && run.demand.AtBuild {
		layer, err := run.certificates()
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	run.explain(layers, wanted)
	return layers, nil
}

// describe gives every Node.js layer its SBOM, reused or not: the SBOM is next
// to the layer, not in it.
func (run *build) describe(layers []packit.Layer, wanted []installation) error {
	for i := range layers {
		for _, installation := range wanted {
			if !run.sbom || installation.name != layers[i].Name {
				continue
			}
			if err := installation.describe(&layers[i]); err != nil {
				return fmt.Errorf("describing the layer %s: %w", installation.name, err)
			}
		}
	}
	return nil
}

// unpack fetches the archives for the installations, and makes their layers.
func (run *build) unpack(todo []installation) ([]packit.Layer, error) {
	started := time.Now()
	run.builder.Logger.Process("Installing Node.js %s", run.version)
	downloads, err := os.MkdirTemp(run.context.Layers.Path, ".downloads-*")
	if err != nil {
		return nil, fetch.DiskFull("making a folder for downloads", err)
	}
	defer os.RemoveAll(downloads)
	finder, err := run.finder(downloads)
	if err != nil {
		return nil, err
	}
	needs := make([]distribution.Need, len(todo))
	for i, installation := range todo {
		needs[i] = installation.Need
	}
	found, err := finder.Find(run.builder.Context, needs...)
	if err != nil {
		return nil, err
	}
	layers := make([]packit.Layer, len(todo))
	group, ctx := errgroup.WithContext(run.builder.Context)
	for i, installation := range todo {
		group.Go(func() (err error) {
			defer run.spans.Start(spans.Task, "making the layer "+installation.name)()
			layers[i], err = installation.install(ctx, found[i])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		for _, installation := range todo { // some may be complete
			os.RemoveAll(filepath.Join(run.context.Layers.Path, installation.name))
		}
		return nil, err
	}
	for i, installation := range todo {
		run.builder.Logger.Subprocess("Layer %s: %s, from %s", installation.name, installation.contents, origin(found[i].Source))
		if installation.why != "" {
			run.builder.Logger.Action("%s", installation.why)
		}
	}
	run.builder.Logger.Action("Completed in %s", time.Since(started).Round(time.Millisecond))
	return layers, nil
}

func origin(source string) string {
	switch source {
	case distribution.Baked:
		return "the buildpack's own archives"
	case distribution.NPM:
		return "the npm registry"
	}
	return source
}
