//go:build linux

package order

import (
	"context"
	"fmt"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/images"
)

// fromBuilder stands for the builder's whole order.
const fromBuilder = "from=builder"

// idPrefixes may precede an id of the builder's.
var idPrefixes = []string{"urn:cnb:builder:", fromBuilder + ":"}

// finder converts locators into entries of an order.
type finder struct {
	ctx     context.Context
	builder builder
	work    string
	host    targets.Target
	added   []module
	fetched []Fetched

	registries images.Registries
}

// instead returns the order of the locators: one group of all of them. The
// builder's order among them contributes each of its groups, surrounded by the
// other locators.
func (f *finder) instead(locators []Locator) ([]Group, error) {
	var order []Group
	merged := false
	for _, l := range locators {
		if l.Name == fromBuilder {
			if merged {
				return nil, &failure.Failure{ID: "buildpack-order", Cause: fromBuilder + " is there twice", Remedy: "leave one of them: it stands for the builder's whole order."}
			}
			merged = true
			order = before(order, f.builder.order)
			continue
		}
		ref, err := f.find(l)
		if err != nil {
			return nil, err
		}
		order = after(order, ref)
	}
	return order, nil
}

// around returns the builder's order with buildpacks before and after each of its
// groups. As in pack, each of pre is put before the previous ones.
func (f *finder) around(pre, post []Locator) ([]Group, error) {
	order := f.builder.order
	for _, l := range pre {
		ref, err := f.find(l)
		if err != nil {
			return nil, err
		}
		order = before([]Group{{Refs: []Ref{ref}}}, order)
	}
	for _, l := range post {
		ref, err := f.find(l)
		if err != nil {
			return nil, err
		}
		order = after(order, ref)
	}
	return order, nil
}

// before puts the group of an order, if it has one, before each of the others.
func before(order, others []Group) []Group {
	if len(order) == 0 {
		return others
	}
	var all []Group
	for _, other := range others {
		all = append(all, Group{Refs: append(append([]Ref{}, order[0].Refs...), other.Refs...)})
	}
	return all
}

// after appends a buildpack to every group, or makes the first group.
func after(order []Group, ref Ref) []Group {
	if len(order) == 0 {
		return []Group{{Refs: []Ref{ref}}}
	}
	all := make([]Group, len(order))
	for i, group := range order {
		all[i].Refs = append(append([]Ref{}, group.Refs...), ref)
	}
	return all
}

// find returns a locator's buildpack, which it unpacks unless it is the
// builder's.
func (f *finder) find(l Locator) (Ref, error) {
	for _, prefix := range idPrefixes {
		if id, ok := strings.CutPrefix(l.Name, prefix); ok {
			return f.builder.find(id)
		}
	}
	var found []module
	var main Ref
	var err error
	path, isFile := l.path()
	switch reference, isImage := strings.CutPrefix(l.Name, "docker://"); {
	case l.Inline != nil:
		main, found, err = f.inline(l)
	case isImage:
		main, found, err = f.image(l, reference)
	case isFile:
		main, found, err = f.file(l, path)
	case strings.Contains(l.Name, "://"):
		return Ref{}, notFound(l.Name, fmt.Errorf("buildpacks are not downloaded from such addresses"))
	default:
		return f.builder.find(l.Name)
	}
	if err != nil {
		return Ref{}, err
	}
	f.added = append(f.added, found...)
	return main, nil
}
