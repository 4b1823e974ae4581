package contract_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/buildpacks/lifecycle/buildpack"
	"github.com/buildpacks/lifecycle/env"
	"github.com/buildpacks/lifecycle/launch"
	"github.com/buildpacks/lifecycle/log"
	"github.com/buildpacks/lifecycle/phase"
	"github.com/buildpacks/lifecycle/platform/files"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// Ids of the buildpacks.
const (
	engine  = "armature/node-engine"
	install = "armature/npm-install"
	start   = "armature/npm-start"

	systemPackages = "armature/system-packages"
)

// decisionsEntry is the build plan entry in which buildpacks tell the platform what
// they decide.
const decisionsEntry = "armature-decisions"

// The statuses of detect and build.
const (
	passed = 0
	failed = 1
	notFor = 100
)

// packagesVariable names the folder of the packaged buildpacks.
const packagesVariable = "ARMATURE_PACKAGES"

// contents are the contents of files, by path.
type contents map[string]string

// world is an app in a build container: the folders that the lifecycle gives to
// buildpacks, and the environment that each of them extends.
type world struct {
	t                     *testing.T
	packages              string // the packaged buildpacks, by the last part of their ids
	app, layers, platform string
	target                targets.Target
	env                   *env.Env
	output                bytes.Buffer // of everything that has run
}

// newWorld returns a world for the host, whose programs tests can run.
func newWorld(t *testing.T, app contents) *world {
	t.Helper()
	packages := os.Getenv(packagesVariable)
	if packages == "" {
		tier.Beyond(t, "the packaged buildpacks")
		t.Fatalf("%s names no folder of packaged buildpacks; `make unit` makes one", packagesVariable)
	}
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, packages: packages, app: t.TempDir(), layers: t.TempDir(), platform: t.TempDir(), target: host}
	place(t, w.app, app)
	w.freshEnvironment()
	return w
}

// freshEnvironment is that of a build's first buildpack.
func (w *world) freshEnvironment() {
	w.env = env.NewBuildEnv([]string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + w.platform, "CNB_STACK_ID="})
}

// set gives the build a variable, as a platform does.
func (w *world) set(pairs ...string) *world {
	w.t.Helper()
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		place(w.t, w.platform, contents{"env/" + name: value})
	}
	return w
}

// bind gives the build a service binding.
func (w *world) bind(name, kind string, entries contents) {
	w.t.Helper()
	dir := filepath.Join(w.platform, "bindings", name)
	place(w.t, dir, contents{"type": kind})
	place(w.t, dir, entries)
}

func (w *world) inputs() (descriptorEnv *env.Env, targetEnv []string) {
	return w.env, []string{"CNB_TARGET_OS=" + w.target.OS, "CNB_TARGET_ARCH=" + w.target.Arch, "CNB_TARGET_DISTRO_NAME=debian", "CNB_TARGET_DISTRO_VERSION=13"}
}

func (w *world) descriptor(id string) *buildpack.BpDescriptor {
	w.t.Helper()
	descriptor, err := buildpack.ReadBpDescriptor(filepath.Join(w.packages, filepath.Base(id), "buildpack.toml"))
	if err != nil {
		w.t.Fatal(err)
	}
	return descriptor
}

// detect runs one buildpack's detect.
func (w *world) detect(id string) buildpack.DetectOutputs {
	w.t.Helper()
	environ, targetEnv := w.inputs()
	out := (&buildpack.DefaultDetectExecutor{}).Detect(w.descriptor(id), buildpack.DetectInputs{
		AppDir: w.app, PlatformDir: w.platform, Env: environ, TargetEnv: targetEnv,
	}, log.NewDefaultLogger(io.Discard))
	if out.Err != nil {
		w.t.Fatalf("%s: %v\n%s", id, out.Err, out.Output)
	}
	w.output.Write(out.Output)
	out.PlanSections = w.withoutDecisions(id, out.PlanSections)
	for i, sections := range out.Or {
		out.Or[i] = w.withoutDecisions(id, sections)
	}
	return out
}

// withoutDecisions removes what a buildpack tells the platform, in an entry that it
// has to provide and require itself.
func (w *world) withoutDecisions(id string, sections buildpack.PlanSections) buildpack.PlanSections {
	w.t.Helper()
	isOwn := func(name string) bool { return name == decisionsEntry }
	provides := slices.DeleteFunc(slices.Clone(sections.Provides), func(p buildpack.Provide) bool { return isOwn(p.Name) })
	requires := slices.DeleteFunc(slices.Clone(sections.Requires), func(r buildpack.Require) bool { return isOwn(r.Name) })
	if p, r := len(sections.Provides)-len(provides), len(sections.Requires)-len(requires); p != r || p > 1 {
		w.t.Errorf("%s: %s is provided %d times and required %d times, want once each or never", id, decisionsEntry, p, r)
	}
	sections.Provides, sections.Requires = provides, requires
	return sections
}

// consumer is another buildpack in the group, with what it requires and
// provides.
type consumer struct {
	id    string
	first bool // comes before the three, or else after them
	plan  buildpack.PlanSections
}

// group runs detect of the three buildpacks, of which npm-start is optional as
// in the composite buildpack, and resolves the plan with the others.
func (w *world) group(others ...consumer) ([]buildpack.GroupElement, files.Plan, error) {
	w.t.Helper()
	var elements []buildpack.GroupElement
	runs := &sync.Map{}
	add := func(el buildpack.GroupElement, out buildpack.DetectOutputs) {
		elements = append(elements, el)
		runs.Store(fmt.Sprintf("%s %s", el.Kind(), el), out)
	}
	addOthers := func(first bool) {
		for _, other := range others {
			if other.first == first {
				add(buildpack.GroupElement{ID: other.id, Version: "1", API: "0.10"}, buildpack.DetectOutputs{BuildPlan: buildpack.BuildPlan{PlanSections: other.plan}})
			}
		}
	}
	addOthers(true)
	for _, id := range []string{engine, install, start} {
		add(buildpack.GroupElement{ID: id, Version: "1", API: "0.10", Optional: id == start}, w.detect(id))
	}
	addOthers(false)
	found, entries, err := phase.NewDefaultDetectResolver(log.NewDefaultLogger(io.Discard)).Resolve(elements, runs)
	return found, files.Plan{Entries: entries}, err
}

// build runs one buildpack's build. The environment has its layers afterwards.
func (w *world) build(id string, plan ...buildpack.Require) (buildpack.BuildOutputs, int) {
	w.t.Helper()
	environ, targetEnv := w.inputs()
	out, err := (&buildpack.DefaultBuildExecutor{}).Build(*w.descriptor(id), buildpack.BuildInputs{
		AppDir: w.app, LayersDir: w.layers, PlatformDir: w.platform, Env: environ, TargetEnv: targetEnv,
		Out: &w.output, Err: &w.output, Plan: buildpack.Plan{Entries: plan},
	}, log.NewDefaultLogger(io.Discard))
	var exited *exec.ExitError
	var wrapped *buildpack.Error
	switch {
	case err == nil:
		return out, passed
	case errors.As(err, &exited), errors.As(err, &wrapped) && errors.As(wrapped.RootError, &exited):
		return out, exited.ExitCode()
	}
	w.t.Fatalf("%s: %v\n%s", id, err, w.output.String())
	return out, 0
}

// built runs a build that must succeed.
func (w *world) built(id string, plan ...buildpack.Require) buildpack.BuildOutputs {
	w.t.Helper()
	out, status := w.build(id, plan...)
	if status != passed {
		w.t.Fatalf("%s ended with %d\n%s", id, status, w.output.String())
	}
	return out
}

// whole runs detection and all detected buildpacks. It returns the processes.
func (w *world) whole(others ...consumer) []launch.Process {
	w.t.Helper()
	found, plan, err := w.group(others...)
	if err != nil {
		w.t.Fatalf("detection: %v\n%s", err, w.output.String())
	}
	var processes []launch.Process
	for _, el := range found {
		if strings.HasPrefix(el.ID, "armature/") {
			out := w.built(el.ID, plan.Find(buildpack.KindBuildpack, el.ID).Entries...)
			plan = plan.Filter(out.MetRequires)
			processes = append(processes, out.Processes...)
		}
	}
	return processes
}

// dir is a buildpack's folder of layers.
func (w *world) dir(id string, path ...string) string {
	return filepath.Join(append([]string{w.layers, launch.EscapeID(id)}, path...)...)
}
