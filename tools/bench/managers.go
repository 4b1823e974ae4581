//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/tools/bench/internal/apps"
	"github.com/armature-cnb/armature/tools/bench/internal/contest"
	"github.com/armature-cnb/armature/tools/bench/internal/docker"
	"github.com/armature-cnb/armature/tools/bench/internal/managers"
)

// behind is the end of the name of a scenario of rebuilds.
const behind = "-dependency"

// ofManagers are the scenarios of other package managers than npm: cold builds, and
// rebuilds after a changed dependency.
func ofManagers() (all []scenario) {
	for _, m := range managers.All {
		a := app{
			name: "express-" + m.Name, source: express.source, kind: docker.Kind(m.Name), quick: express.quick,
			without: []string{dockerfile, emulated}, manager: m.Name,
		}
		all = append(all,
			timed(m.Name, func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
				return b.cold(ctx, name, a, false)
			}),
			timed(m.Name+behind, func(b *bench, ctx context.Context, name string) (contest.Scenario, error) {
				return b.rebuild(ctx, name, a, b.changer(m))
			}))
	}
	return all
}

// managed returns the folder of the Express app with a manager's lockfile, and makes
// it if needed.
func (b *bench) managed(ctx context.Context, a app) (string, error) {
	dir := filepath.Join(b.work, "made", a.name)
	m, ok := managers.Find(a.manager)
	if !ok {
		return "", fmt.Errorf("there is no manager %q", a.manager)
	}
	if _, err := os.Stat(filepath.Join(dir, m.Files[0])); err == nil {
		return dir, nil
	}
	if _, err := apps.Copy(filepath.Join(b.apps, express.name), dir, a.source, b.node); err != nil {
		return "", err
	}
	tools, err := b.managerTools(ctx)
	if err != nil {
		return "", err
	}
	return dir, tools.Convert(ctx, m, dir)
}

func (b *bench) managerTools(ctx context.Context) (managers.Tools, error) {
	return managers.Prepare(ctx, b.node, filepath.Join(b.work, "managers"))
}

// changer returns what gives an app a new version of one small package, by its
// manager, see [apps.App.ChangeDependency].
func (b *bench) changer(m managers.Manager) func(*apps.App, context.Context) error {
	return func(a *apps.App, ctx context.Context) error {
		name, version, err := a.NextDependency()
		if err != nil {
			return err
		}
		tools, err := b.managerTools(ctx)
		if err != nil {
			return err
		}
		return tools.Add(ctx, m, a.Dir, name, version)
	}
}
