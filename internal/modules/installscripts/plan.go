package installscripts

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
)

// Plan is what to run: stages one after another.
type Plan []Stage

// Stage is tasks that do not depend on each other.
type Stage []Task

// Task is the scripts of a package that run one after another, those that the
// package has.
type Task struct {
	Package Package
	Events  []string
}

// prepare is the event that makes a package of its sources. Managers run it for
// folders and git repositories, and not for packages of a registry.
const prepare = "prepare"

// IsPreparing reports whether an event makes a package of its sources: prepare, its
// hooks, or prepublish, its old name.
func IsPreparing(event string) bool {
	return slices.Contains([]string{"prepublish", "preprepare", prepare, "postprepare"}, event)
}

// prepares reports whether the events of a stage prepare.
func (s Stage) prepares() bool {
	return len(s) > 0 && len(s[0].Events) > 0 && IsPreparing(s[0].Events[0])
}

// ByEvent returns npm's order: one event after the other, of each first the
// packages with fewer node_modules around them; and then the same for linked
// folders, with their prepare scripts.
func (t Tree) ByEvent() Plan {
	sorted := slices.SortedFunc(slices.Values(t.Packages), func(a, b Package) int {
		return cmp.Or(cmp.Compare(a.depth(), b.depth()), compareNames(a.place(), b.place()))
	})
	var plan Plan
	for _, linked := range []bool{false, true} {
		for _, event := range []string{"preinstall", prepare, "install", "postinstall"} {
			if event == prepare && !linked {
				continue
			}
			var stage Stage
			for _, p := range sorted {
				if p.Linked == linked && p.Runs(event) {
					stage = append(stage, Task{p, []string{event}})
				}
			}
			plan = append(plan, stage)
		}
	}
	return plan
}

// ByPackage returns the order of most managers: all scripts of a package after
// those of its dependencies, and linked folders, with their prepare scripts, at the
// end. Packages in a circle of dependencies may be in the same stage.
func (t Tree) ByPackage() Plan {
	levels := t.levels()
	sorted := slices.SortedFunc(slices.Values(t.Packages), func(a, b Package) int {
		return cmp.Or(cmp.Compare(levels[a.Path], levels[b.Path]), strings.Compare(a.Path, b.Path))
	})
	var plan Plan
	last := -1
	add := func(p Package, events ...string) { // to the last stage
		if slices.ContainsFunc(events, p.Runs) {
			plan[len(plan)-1] = append(plan[len(plan)-1], Task{p, events})
		}
	}
	for _, linked := range []bool{false, true} {
		for _, p := range sorted {
			if p.Linked != linked {
				continue
			}
			if level := levels[p.Path]; level != last || linked {
				plan, last = append(plan, nil), level
			}
			add(p, "preinstall", "install", "postinstall")
			if linked {
				plan = append(plan, nil)
				add(p, prepare)
			}
		}
	}
	return plan
}

// levels returns for each package the length of the longest chain of dependencies
// below it, by path.
func (t Tree) levels() map[string]int {
	levels, open := map[string]int{}, map[string]bool{}
	var visit func(p deps.Package) int
	visit = func(p deps.Package) int {
		if level, known := levels[p.Path]; known || open[p.Path] {
			return level
		}
		open[p.Path] = true
		level := 0
		for _, below := range t.dependencies(p) {
			level = max(level, visit(below)+1)
		}
		delete(open, p.Path)
		levels[p.Path] = level
		return level
	}
	for _, p := range t.Packages {
		visit(p.Package)
	}
	return levels
}

// dependencies returns the installed dependencies of a package, links resolved.
func (t Tree) dependencies(p deps.Package) (all []deps.Package) {
	wants := []map[string]string{p.Dependencies, p.OptionalDeps, p.PeerDeps}
	if !p.InNodeModules() {
		wants = append(wants, p.DevDeps)
	}
	for _, names := range wants {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			found, ok := t.graph.Resolve(p.Path, name)
			if ok && found.Link {
				found, ok = t.graph.Package(found.To)
			}
			if ok {
				all = append(all, found)
			}
		}
	}
	return all
}

// compareNames compares paths as npm does, in the order of the English locale:
// punctuation, digits, and letters without their case.
func compareNames(a, b string) int {
	order := func(r rune) int {
		if i := strings.IndexRune("_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$", r); i >= 0 {
			return i
		}
		return int(r) + 64
	}
	lower := strings.ToLower
	return cmp.Or(
		slices.CompareFunc([]rune(lower(a)), []rune(lower(b)), func(x, y rune) int { return cmp.Compare(order(x), order(y)) }),
		-strings.Compare(a, b), // lower case first
	)
}
