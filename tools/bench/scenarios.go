//go:build linux

package main

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/armature-cnb/armature/internal/target"
	"github.com/armature-cnb/armature/tools/bench/internal/apps"
	"github.com/armature-cnb/armature/tools/bench/internal/builds"
	"github.com/armature-cnb/armature/tools/bench/internal/contest"
	"github.com/armature-cnb/armature/tools/bench/internal/docker"
	"github.com/armature-cnb/armature/tools/bench/internal/floor"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// The ways there are to do a scenario's work.
const (
	cross            = "cross"             // armature, for the other architecture
	native           = "native"            // armature, for the host's
	emulated         = "emulated"          // armature with --emulate, for the other architecture
	dockerfile       = "dockerfile"        // for the other architecture, emulated
	dockerfileNative = "dockerfile-native" // for the host's
	bare             = "floor"             // the least that has to be done, for the other architecture
)

var allWays = []string{cross, native, emulated, dockerfile, dockerfileNative, bare}

// scenario makes a scenario when its turn has come.
type scenario struct {
	name string
	make func(*bench) (contest.Scenario, error)
}

// scenarios are all there are, in the order in which they run. None needs that
// another ran before.
func scenarios() []scenario {
	return []scenario{
		{"cold", func(b *bench) (contest.Scenario, error) { return b.cold("cold", express) }},
		{"rebuild", func(b *bench) (contest.Scenario, error) { return b.rebuild("rebuild", express, unchanged) }},
		{"rebuild-source", func(b *bench) (contest.Scenario, error) {
			return b.rebuild("rebuild-source", express, (*apps.App).ChangeLine)
		}},
		{"rebuild-dependency", func(b *bench) (contest.Scenario, error) {
			return b.rebuild("rebuild-dependency", express, (*apps.App).ChangeDependency)
		}},
	}
}

// choose returns those of the scenarios with the names, all of them for no
// names, and a name that none has.
func choose(all []scenario, names []string) (chosen []scenario, unknown string) {
	if len(names) == 0 {
		return all, ""
	}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(s scenario) bool { return s.name == name }) {
			return nil, name
		}
	}
	return slices.DeleteFunc(all, func(s scenario) bool { return !slices.Contains(names, s.name) }), ""
}

// app is one of those that are built.
type app struct {
	name   string // its folder below the test apps
	source string // the file that changes
	kind   docker.Kind
	slow   int // rounds of what is emulated
	quick  int // rounds of everything else
}

var express = app{name: "express", source: "node.js", kind: docker.Plain, slow: 1, quick: 3}

// copy makes a copy of the app for one way of one scenario.
func (b *bench) copy(a app, name string) (*apps.App, error) {
	return apps.Copy(filepath.Join(b.apps, a.name), filepath.Join(b.work, "apps", name), a.source, b.node)
}

// way is one of armature's or of a Dockerfile's.
type way struct {
	name     string
	platform target.Target
	rounds   int
	more     []string // armature's arguments
	engine   bool     // a Dockerfile's
}

// ways are all that work here, in the order of their turns.
func (b *bench) ways(a app) []way {
	all := []way{{name: cross, platform: b.foreign, rounds: a.quick}, {name: native, platform: b.host, rounds: a.quick}}
	if b.engine != nil {
		all = append(all, way{name: dockerfile, platform: b.foreign, rounds: a.slow, engine: true},
			way{name: dockerfileNative, platform: b.host, rounds: a.quick, engine: true})
	}
	if b.emulates {
		all = append(all, way{name: emulated, platform: b.foreign, rounds: a.slow, more: []string{"--emulate"}})
	}
	return all
}

// cold measures builds of which nothing is there but builders, unpacked, and
// base images.
func (b *bench) cold(name string, a app) (contest.Scenario, error) {
	s := contest.Scenario{Name: name, Unit: history.Seconds}
	for _, w := range b.ways(a) {
		app, err := b.copy(a, name+"-"+w.name)
		if err != nil {
			return s, err
		}
		build, home, err := b.build(w, a, app, name, false)
		if err != nil {
			return s, err
		}
		prepare := func(context.Context) error { return nil }
		if !w.engine {
			prepare = func(context.Context) error { return home.Forget() }
		}
		s.Ways = append(s.Ways, contest.Way{Name: w.name, Rounds: w.rounds, Prepare: prepare, Measure: clock(build)})
	}
	app, err := b.copy(a, name+"-floor")
	if err != nil {
		return s, err
	}
	least := floor.Floor{App: app.Dir, Archive: b.archive, Node: b.node, Host: b.host, Target: b.foreign, Work: b.work}
	s.Ways = append(s.Ways, contest.Way{Name: bare, Rounds: a.quick, Measure: clock(least.Run)})
	return s, nil
}

// unchanged is the change of a build that is done again.
func unchanged(*apps.App, context.Context) error { return nil }

// rebuild measures builds of an app that was built before, after a change that
// was never there before.
func (b *bench) rebuild(name string, a app, change func(*apps.App, context.Context) error) (contest.Scenario, error) {
	s := contest.Scenario{Name: name, Unit: history.Seconds}
	for _, w := range b.ways(a) {
		app, err := b.copy(a, name+"-"+w.name)
		if err != nil {
			return s, err
		}
		build, _, err := b.build(w, a, app, name, true)
		if err != nil {
			return s, err
		}
		built := false
		s.Ways = append(s.Ways, contest.Way{Name: w.name, Rounds: w.rounds, Measure: clock(build), Prepare: func(ctx context.Context) error {
			if !built {
				if _, err := build(ctx); err != nil {
					return err
				}
				built = true
			}
			return change(app, ctx)
		}})
	}
	return s, nil
}

// build returns what builds an app in a way, and armature's folder for it,
// which is empty but for the unpacked builder.
func (b *bench) build(w way, a app, copied *apps.App, name string, cached bool) (func(context.Context) ([]history.Part, error), builds.Home, error) {
	tag := "bench-" + name + ":" + w.name
	if w.engine {
		return func(ctx context.Context) ([]history.Part, error) {
			return nil, b.engine.Build(ctx, a.kind, w.platform, copied.Dir, tag, cached)
		}, builds.Home{}, nil
	}
	home, err := b.armature.Home(name + "-" + w.name)
	if err != nil {
		return nil, home, err
	}
	if err := home.Forget(); err != nil {
		return nil, home, err
	}
	return func(ctx context.Context) ([]history.Part, error) {
		return b.armature.Run(ctx, builds.Build{App: copied.Dir, Tag: tag, Platform: w.platform.String(), Home: home, More: w.more})
	}, home, nil
}

func clock(do func(context.Context) ([]history.Part, error)) func(context.Context) (contest.Sample, error) {
	return func(ctx context.Context) (contest.Sample, error) {
		return contest.Clock(func() ([]history.Part, error) { return do(ctx) })
	}
}
