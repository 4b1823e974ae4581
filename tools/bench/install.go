//go:build linux

package main

import (
	"context"
	"path/filepath"

	"github.com/armature-cnb/armature/tools/bench/internal/contest"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
	"github.com/armature-cnb/armature/tools/bench/internal/installs"
)

// install measures the install of a lockfile's packages alone: with the installer,
// and with npm, pnpm and bun, caches empty, scripts off, for the host's architecture.
func (b *bench) install(ctx context.Context, name string, a app) (contest.Scenario, error) {
	s := contest.Scenario{Name: name, Unit: history.Seconds}
	if !b.wants(installs.Ways...) {
		return s, nil
	}
	tools, err := installs.Prepare(ctx, b.node, filepath.Join(b.work, "installs"))
	if err != nil {
		return s, err
	}
	for _, way := range installs.Ways {
		if !b.wants(way) {
			continue
		}
		copied, err := b.copy(ctx, a, name+"-"+way)
		if err != nil {
			return s, err
		}
		project, err := tools.Project(ctx, copied.Dir)
		if err != nil {
			return s, err
		}
		s.Ways = append(s.Ways, contest.Way{
			Name: way, Rounds: 5,
			Prepare: func(context.Context) error {
				if err := project.Forget(); err != nil {
					return err
				}
				return settle(copied.Dir)
			},
			Measure: func(ctx context.Context) (contest.Sample, error) { return project.Install(ctx, way) },
		})
	}
	return s, nil
}
