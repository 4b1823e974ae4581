package pnpmlock_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/pnpmlock"
)

// FuzzParse looks for a lockfile that makes parsing or a query panic.
func FuzzParse(f *testing.F) {
	for _, text := range []string{version5, version6, version9, ofPNPM + version9, "lockfileVersion: '9.0'\nsnapshots:\n  a@file:b(c)): {}\n", "null", "[]", ""} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, line := range []int{7, 8, 9, 10, 12} {
			graph, err := pnpmlock.Parse(text, line)
			if err != nil {
				return
			}
			for _, folder := range []string{"", "packages/lib"} {
				graph.Closure(folder, true)
			}
			graph.Links()
			graph.Folders()
			for _, p := range graph.Packages {
				graph.Resolve(p.Path, "a")
				p.RunsOn(deps.PlatformOf(targets.LinuxARM64))
			}
		}
	})
}
