//go:build linux

package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/armature-cnb/armature/tools/bench/internal/apps"
	"github.com/armature-cnb/armature/tools/bench/internal/contest"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
	"github.com/armature-cnb/armature/tools/bench/internal/installs"
)

// The ways to do a scenario's work.
const (
	cross            = "cross"             // armature, for the other architecture
	native           = "native"            // armature, for the host's
	emulated         = "emulated"          // armature with --emulate, for the other architecture
	dockerfile       = "dockerfile"        // for the other architecture, emulated
	dockerfileNative = "dockerfile-native" // for the host's
	bare             = "floor"             // the minimal work, for the other architecture
	small            = "small"             // as cross, with --compression small
	tiny             = "tiny"              // as cross, on the tiny run image
	smallTiny        = "small-tiny"        // both
	single           = "single"            // as cross, alternating with builds for both architectures
	node             = "node"              // of an image: Node.js alone, without the launcher
)

var allWays = []string{cross, native, emulated, dockerfile, dockerfileNative, bare, small, tiny, smallTiny, single, node,
	installs.Installer, installs.NPM, installs.PNPM, installs.Bun}

// scenario measures one thing in all ways.
type scenario struct {
	name string
	run  func(*bench, context.Context) ([]history.Result, error)
}

// scenarios returns all scenarios in the order in which they run. None depends
// on another.
func scenarios() []scenario {
	all := []scenario{
		timed("cold", func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
			return b.cold(ctx, name, express, true)
		}),
		timed("first", (*bench).first),
		timed("rebuild", func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
			return b.rebuild(ctx, name, express, unchanged)
		}),
		timed("rebuild-source", func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
			return b.rebuild(ctx, name, express, (*apps.App).ChangeLine)
		}),
		timed("rebuild-dependency", func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
			return b.rebuild(ctx, name, express, (*apps.App).ChangeDependency)
		}),
		timed("both", (*bench).both),
		timed("frontend", func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
			return b.cold(ctx, name, frontend, false)
		}),
		timed("compiled", func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
			return b.cold(ctx, name, compiled, false)
		}),
		timed("large", func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
			return b.cold(ctx, name, large, true)
		}),
		timed("large-source", func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
			return b.rebuild(ctx, name, large, (*apps.App).ChangeLine)
		}),
		timed("install", func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
			return b.install(ctx, name, express)
		}),
		timed("install-large", func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
			return b.install(ctx, name, large)
		}),
		{"pushed", (*bench).pushed},
		{"size", (*bench).size},
		timed("start", (*bench).start),
		{"memory", (*bench).memory},
	}
	return append(all, ofManagers()...)
}

// timed is a scenario whose ways alternate.
func timed(name string, make func(*bench, context.Context, string) (contest.Scenario, error)) scenario {
	return scenario{name, func(b *bench, ctx context.Context) ([]history.Result, error) {
		s, err := make(b, ctx, name)
		if err != nil {
			return nil, fmt.Errorf("preparing %s: %w", name, err)
		}
		return b.contest(ctx, s)
	}}
}

// contest measures the selected ways, in the selected number of rounds.
func (b *bench) contest(ctx context.Context, s contest.Scenario) ([]history.Result, error) {
	s.Ways = slices.DeleteFunc(s.Ways, func(way contest.Way) bool { return !b.wants(way.Name) })
	for i := range s.Ways {
		if b.rounds > 0 {
			s.Ways[i].Rounds = b.rounds
		}
	}
	return contest.Run(ctx, b.log, s)
}

// choose returns the scenarios with the names, or all if there are no names;
// unknown is a name that no scenario has.
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
