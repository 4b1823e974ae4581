//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/bench/internal/apps"
	"github.com/armature-cnb/armature/tools/bench/internal/builds"
	"github.com/armature-cnb/armature/tools/bench/internal/contest"
	"github.com/armature-cnb/armature/tools/bench/internal/floor"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// way is a way to build, with armature or with a Dockerfile.
type way struct {
	name      string
	platforms []targets.Target
	rounds    int
	more      []string // armature's arguments
	engine    bool     // a Dockerfile's
}

// ways returns all ways that work on this machine, in the order of their turns.
func (b *bench) ways(a app) []way {
	one := func(name string, to targets.Target, rounds int) way {
		return way{name: name, platforms: []targets.Target{to}, rounds: rounds}
	}
	all := []way{one(cross, b.foreign, a.quick), one(native, b.host, a.quick)}
	if b.engine != nil {
		for _, w := range []way{one(dockerfile, b.foreign, a.slow), one(dockerfileNative, b.host, a.quick)} {
			w.engine = true
			all = append(all, w)
		}
	}
	if b.emulates {
		w := one(emulated, b.foreign, a.slow)
		w.more = []string{"--emulate"}
		all = append(all, w)
	}
	return slices.DeleteFunc(all, func(w way) bool { return slices.Contains(a.without, w.name) })
}

// build builds one app in one way.
type build struct {
	app    *apps.App
	home   builds.Home // armature's folder, empty but for the unpacked builders
	engine bool
	built  bool // it has run
	do     func(ctx context.Context, cached bool) ([]history.Part, error)
}

// run builds with the caches of earlier builds.
func (m *build) run(ctx context.Context) ([]history.Part, error) {
	m.built = true
	return m.do(ctx, true)
}

// forget makes the next build a cold one; for an engine, a flag of the build
// does.
func (m *build) forget(context.Context) error {
	if m.engine {
		return nil
	}
	return m.home.Forget()
}

// runCold builds after forget.
func (m *build) runCold(ctx context.Context) ([]history.Part, error) {
	m.built = true
	return m.do(ctx, false)
}

// shared returns the build of an app in one way for several scenarios, so that
// a rebuild needs no further first build.
func (b *bench) shared(ctx context.Context, w way, a app) (*build, error) {
	key := a.name + "-" + w.name
	if b.made[key] == nil {
		made, err := b.prepare(ctx, a.name, w, a)
		if err != nil {
			return nil, err
		}
		b.made[key] = made
	}
	return b.made[key], nil
}

// prepare makes the copy of the app and the folder for a way. The image gets
// the given tag, or one for the scenario and way.
func (b *bench) prepare(ctx context.Context, name string, w way, a app, more ...string) (*build, error) {
	copied, err := b.copy(ctx, a, name+"-"+w.name)
	if err != nil {
		return nil, err
	}
	tag := "bench-" + name + ":" + w.name
	if w.engine {
		return &build{app: copied, engine: true, do: func(ctx context.Context, cached bool) ([]history.Part, error) {
			for _, to := range w.platforms {
				if err := b.engine.Build(ctx, a.kind, to, copied.Dir, tag, cached); err != nil {
					return nil, err
				}
			}
			return nil, nil
		}}, nil
	}
	home, err := b.armature.Home(name + "-" + w.name)
	if err != nil {
		return nil, err
	}
	if err := home.Forget(); err != nil {
		return nil, err
	}
	for _, variable := range a.env {
		more = append(more, "--env", variable)
	}
	var platforms []string
	for _, to := range w.platforms {
		platforms = append(platforms, to.String())
	}
	call := builds.Build{App: copied.Dir, Tag: tag, Platform: strings.Join(platforms, ","), Home: home, More: append(more, w.more...)}
	return &build{app: copied, home: home, do: func(ctx context.Context, _ bool) ([]history.Part, error) { return b.armature.Run(ctx, call) }}, nil
}

// coldWay measures builds that start with only unpacked builders and base
// images.
func coldWay(w way, made *build) contest.Way {
	return contest.Way{Name: w.name, Rounds: w.rounds, Prepare: made.forget, Measure: clock(made.runCold)}
}

// cold measures cold builds of an app in all ways and, with least, the floor.
func (b *bench) cold(ctx context.Context, name string, a app, least bool) (contest.Scenario, error) {
	s := contest.Scenario{Name: name, Unit: history.Seconds}
	for _, w := range b.ways(a) {
		made, err := b.shared(ctx, w, a)
		if err != nil {
			return s, err
		}
		s.Ways = append(s.Ways, coldWay(w, made))
	}
	if !least {
		return s, nil
	}
	app, err := b.copy(ctx, a, name+"-floor")
	if err != nil {
		return s, err
	}
	work := floor.Floor{App: app.Dir, Archive: b.archive, Node: b.node, Host: b.host, Target: b.foreign, Work: b.work}
	s.Ways = append(s.Ways, contest.Way{Name: bare, Rounds: a.quick, Measure: clock(work.Run)})
	return s, nil
}

// first measures the first build on a machine, including armature's one-time
// work for a builder.
func (b *bench) first(ctx context.Context, name string) (contest.Scenario, error) {
	other := *b
	other.armature.Homes = filepath.Join(b.work, "first")
	made, err := other.prepare(ctx, name, way{name: cross, platforms: []targets.Target{b.foreign}}, express)
	if err != nil {
		return contest.Scenario{}, err
	}
	forget := func(context.Context) error {
		if err := os.RemoveAll(other.armature.Homes); err != nil {
			return err
		}
		if _, err := other.armature.Home(filepath.Base(made.home.Dir)); err != nil {
			return err
		}
		return settle(b.armature.Builder)
	}
	return contest.Scenario{Name: name, Unit: history.Seconds, Ways: []contest.Way{{Name: cross, Rounds: express.quick, Prepare: forget, Measure: clock(made.run)}}}, nil
}

// settle drops the kernel's caches, as on a machine where nothing was removed
// lately. ext4 does not reuse inodes deleted in the last minutes while their
// table is in memory, and scans all of those for each new file: after the
// benchmark's own cleanup, unpacking takes twice as long. settle then reads the
// folder again, since downloads would be in the page cache, too.
func settle(folder string) error {
	unix.Sync()
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("1"), 0o200); err != nil {
		return fmt.Errorf("dropping the caches of the disk, which takes root: %w", err)
	}
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(io.Discard, file)
		return err
	})
}

// both measures cold builds for both architectures, with one call of armature
// and two with Dockerfiles, alternating with builds for one.
func (b *bench) both(ctx context.Context, name string) (contest.Scenario, error) {
	a := express
	a.without = []string{native, dockerfileNative, emulated}
	s := contest.Scenario{Name: name, Unit: history.Seconds}
	ways := b.ways(a)
	for i := range ways {
		ways[i].platforms = []targets.Target{b.foreign, b.host}
	}
	// Next to the builds for both, so that their turns are close to each other.
	for _, w := range slices.Insert(ways, 1, way{name: single, platforms: []targets.Target{b.foreign}, rounds: a.quick}) {
		made, err := b.prepare(ctx, name, w, a)
		if err != nil {
			return s, err
		}
		s.Ways = append(s.Ways, coldWay(w, made))
	}
	return s, nil
}

// unchanged is the change of a rebuild without changes.
func unchanged(*apps.App, context.Context) error { return nil }

// rebuild measures rebuilds of an app, each after a new change.
func (b *bench) rebuild(ctx context.Context, name string, a app, change func(*apps.App, context.Context) error) (contest.Scenario, error) {
	s := contest.Scenario{Name: name, Unit: history.Seconds}
	for _, w := range b.ways(a) {
		made, err := b.shared(ctx, w, a)
		if err != nil {
			return s, err
		}
		s.Ways = append(s.Ways, contest.Way{Name: w.name, Rounds: w.rounds, Measure: clock(made.run), Prepare: func(ctx context.Context) error {
			if !made.built {
				if _, err := made.run(ctx); err != nil {
					return err
				}
			}
			return change(made.app, ctx)
		}})
	}
	return s, nil
}

func clock(do func(context.Context) ([]history.Part, error)) func(context.Context) (contest.Sample, error) {
	return func(ctx context.Context) (contest.Sample, error) {
		return contest.Clock(func() ([]history.Part, error) { return do(ctx) })
	}
}
