//go:build linux

package platform

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/descriptor"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/phases"
)

// Decision is something that the buildpacks decide about an app before they build
// it, and why.
type Decision = decisions.Decision

// AppPlan is what a build of an app is going to do. As JSON it is the output of
// armature plan --format json.
type AppPlan struct {
	SchemaVersion int        `json:"schemaVersion"` // [PlanSchema]
	App           string     `json:"app"`           // its folder, absolute
	Target        string     `json:"target"`        // "linux/arm64"
	Builder       string     `json:"builder"`       // as the caller named it
	Decisions     []Decision `json:"decisions"`     // by topic
}

// PlanSchema is the version of the fields of [AppPlan]. New fields and topics do not
// raise it.
const PlanSchema = 1

// Asked returns the [failure.Failure] with which a build would end, as far as that
// is known, or nil.
func (p AppPlan) Asked() error {
	for _, d := range decisions.Of(p.Decisions, decisions.Asked) {
		return &failure.Failure{ID: d.Name, Cause: d.Decision, Remedy: d.Evidence}
	}
	return nil
}

// Plan says what [Build] is going to do, for the first of the request's targets. It
// runs the detection of the builder's own buildpacks in the sandbox of a build, so
// that it cannot say anything else than a build; it builds nothing and leaves
// nothing. An app that no buildpack takes is the error of Build. The request's Image
// and Output are not used.
func Plan(ctx context.Context, r Request) (p AppPlan, err error) {
	defer explain(&err)
	r.Image, r.Output = cmp.Or(r.Image, "app"), ""
	b, err := r.read(newLog(r.Progress))
	if err != nil {
		return p, err
	}
	if b.home, err = home.Open(b.Home, b.Getenv); err != nil {
		return p, err
	}
	defer b.home.Finish()
	defer b.log.Close()
	o := b.options
	o.Home = b.home
	if o.Way, err = findWay(ctx, b.Sandbox, b.home); err != nil {
		return p, err
	}
	o.Target = b.targets[0]
	if b.Emulate {
		o.Host = o.Target
	}
	p = AppPlan{SchemaVersion: PlanSchema, Target: o.Target.String(), Builder: o.Builder}
	if p.App, err = filepath.Abs(b.App); err != nil {
		return p, err
	}
	if p.Decisions, err = phases.Plan(ctx, o); err != nil {
		return p, err
	}
	if o.Filter != nil {
		p.Decisions = decisions.Sorted(append(p.Decisions, Decision{
			Topic: decisions.LeftOut, Name: fmt.Sprintf("what include or exclude of %s leaves out", descriptor.Name), Decision: "left out", Evidence: descriptor.Name,
		}))
	}
	return p, nil
}
