// Package decisions has what buildpacks decide about an app in detection, and why.
// A buildpack puts its decisions into the metadata of a build plan entry that it
// provides and requires itself; a platform reads them from the plan that the
// lifecycle writes. Nothing builds by them: the entry has no effect on an image.
package decisions

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
)

// Entry is the name of the build plan entry.
const Entry = "armature-decisions"

// Topic is what a decision is about.
type Topic string

// The topics, with the meaning of a decision's fields: Name, Decision, Evidence.
const (
	Project       Topic = "project"        // "", the project's folder in the app, why it is that one
	Node          Topic = "node"           // "", the version, what asks for it
	Manager       Topic = "manager"        // its name, the version, what names the manager, and what the version
	Framework     Topic = "framework"      // "", its name, why
	InstallScript Topic = "install-script" // a package, or the app's own script; "runs" or "may run"; what says so
	BuildScript   Topic = "build-script"   // the script's name, its text, what names it; "", "none", "" without any
	Process       Topic = "process"        // the type, the command, why
	Port          Topic = "port"           // the variable, the port without it, what says so
	Static        Topic = "static"         // "", the folder, why the app is a site
	Native        Topic = "native"         // a package, "compiles" or "comes as a binary", what says so
	LeftOut       Topic = "left-out"       // a file or folder, "left out", why
	PassedOver    Topic = "passed-over"    // "", a way to start the app that does not count with the reason, ""
	Asked         Topic = "asked"          // the id of the error that ends the build, its cause, its remedy
)

// Topics returns all topics, in the order of a [Plan].
func Topics() []Topic {
	return []Topic{Project, Node, Manager, Framework, InstallScript, BuildScript, Process, Port, Static, Native, LeftOut, PassedOver, Asked}
}

// Decision is one decision.
type Decision struct {
	Topic    Topic  `toml:"topic" json:"topic"`
	Name     string `toml:"name,omitempty" json:"name,omitempty"`
	Decision string `toml:"decision" json:"decision"`
	Evidence string `toml:"evidence,omitempty" json:"evidence,omitempty"`

	// Setting is NAME=VALUE of a setting with which a build decides the same,
	// whatever else the app says; empty without one.
	Setting string `toml:"setting,omitempty" json:"setting,omitempty"`
}

// metadata is that of the entry.
type metadata struct {
	Decisions []Decision `toml:"decisions"`
}

// Add adds a buildpack's decisions to its build plan and to all alternatives.
func Add(plan packit.BuildPlan, all []Decision) packit.BuildPlan {
	if len(all) == 0 {
		return plan
	}
	plan.Provides = append(slices.Clone(plan.Provides), packit.BuildPlanProvision{Name: Entry})
	plan.Requires = append(slices.Clone(plan.Requires), packit.BuildPlanRequirement{Name: Entry, Metadata: metadata{all}})
	plan.Or = slices.Clone(plan.Or)
	for i := range plan.Or {
		plan.Or[i] = Add(plan.Or[i], all)
	}
	return plan
}

// With returns a detection whose plan has the decisions that decide returns. Decide
// is called for an app that detection takes.
func With(detect packit.DetectFunc, decide func(packit.DetectContext) []Decision) packit.DetectFunc {
	return func(context packit.DetectContext) (packit.DetectResult, error) {
		result, err := detect(context)
		if err == nil {
			result.Plan = Add(result.Plan, decide(context))
		}
		return result, err
	}
}

// Ask returns the decision for an error that will end the build. Ok is false for an
// error without an id, which is no decision.
func Ask(err error) (d Decision, ok bool) {
	var f *failure.Failure
	if !errors.As(err, &f) {
		return d, false
	}
	cause := f.Cause
	if f.Err != nil {
		cause = fmt.Sprintf("%s: %s", f.Cause, f.Err)
	}
	return Decision{Topic: Asked, Name: f.ID, Decision: cause, Evidence: f.Remedy}, true
}

// Read returns the decisions in a plan of the lifecycle (Platform API,
// "plan.toml"), by topic in the order of [Topics], and within one in that of the
// buildpacks. Topics that are not known come last.
func Read(plan []byte) (all []Decision, err error) {
	var file struct {
		Entries []struct {
			Requires []struct {
				Name     string         `toml:"name"`
				Metadata toml.Primitive `toml:"metadata"`
			} `toml:"requires"`
		} `toml:"entries"`
	}
	meta, err := toml.Decode(string(plan), &file)
	if err != nil {
		return nil, fmt.Errorf("reading the build plan: %w", err)
	}
	for _, entry := range file.Entries {
		for _, one := range entry.Requires {
			var found metadata
			if one.Name != Entry {
				continue
			}
			if err := meta.PrimitiveDecode(one.Metadata, &found); err != nil {
				return nil, fmt.Errorf("reading the decisions in the build plan: %w", err)
			}
			all = append(all, found.Decisions...)
		}
	}
	return Sorted(all), nil
}

// Sorted sorts decisions by topic, in the order of [Topics].
func Sorted(all []Decision) []Decision {
	slices.SortStableFunc(all, func(a, b Decision) int { return cmp.Compare(place(a.Topic), place(b.Topic)) })
	return all
}

// place is the topic's place in the order.
func place(topic Topic) int {
	if at := slices.Index(Topics(), topic); at >= 0 {
		return at
	}
	return len(Topics())
}
