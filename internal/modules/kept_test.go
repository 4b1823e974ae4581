package modules

import (
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// A package for development that the app needs at launch is in both layers, and a
// request for it changes the launch layer.
func TestAPackageForDevelopmentIsKept(t *testing.T) {
	s := newScene(t)
	s.source["package.json"] = `{"scripts":{"build":"make"}}`
	s.locked(deps.Package{Path: "node_modules/a", Name: "a", Version: "1.0.0"}, deps.Package{Path: "node_modules/compiler", Name: "compiler", Version: "2.0.0", Dev: true})
	s.built(forLaunch)
	s.has(s.in("launch-modules"), "node_modules/a/package.json")

	plan := wants("launch")
	plan.Entries[0].Metadata[nodemodules.KeepKey] = []any{"compiler", "none"}
	s.built(plan)
	s.has(s.in("launch-modules"), "node_modules/a/package.json", "node_modules/compiler/package.json")
	s.says("Keeping compiler, which the app needs when it starts")

	s.built(plan)
	s.says("Reusing cached layer " + s.in("launch-modules"))
}
