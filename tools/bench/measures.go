//go:build linux

package main

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/bench/internal/apps"
	"github.com/armature-cnb/armature/tools/bench/internal/contest"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
	"github.com/armature-cnb/armature/tools/bench/internal/memory"
	"github.com/armature-cnb/armature/tools/bench/internal/pushes"
	"github.com/armature-cnb/armature/tools/bench/internal/report"
	"github.com/armature-cnb/armature/tools/bench/internal/startup"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// pushed measures the bytes pushed to a registry after the first build of an
// app and after each kind of change: with armature for the other architecture,
// with a Dockerfile for the host's. Counts need no repetition.
func (b *bench) pushed(ctx context.Context) ([]history.Result, error) {
	var all []history.Result
	for _, w := range b.ways(express) {
		if (w.name == cross || w.name == dockerfileNative) && b.wants(w.name) {
			all = append(all, b.pushedBy(ctx, w)...)
		}
	}
	return all, ctx.Err()
}

func (b *bench) pushedBy(ctx context.Context, w way) []history.Result {
	changes := []struct {
		name   string
		change func(*apps.App, context.Context) error
	}{
		{"pushed-first", unchanged}, {"pushed-unchanged", unchanged}, {"pushed-source", (*apps.App).ChangeLine}, {"pushed-dependency", (*apps.App).ChangeDependency},
	}
	var results []history.Result
	next := func(i int) history.Result {
		return history.Result{Scenario: changes[i].name, Way: w.name, Unit: history.Bytes}
	}
	app, err := b.pusher(ctx, w)
	if err != nil {
		one := next(0)
		one.Failed = err.Error()
		return []history.Result{one}
	}
	defer app.registry.Close()
	for i := range changes {
		one := next(i)
		err := changes[i].change(app.app, ctx)
		if err == nil {
			err = app.push(ctx, &one)
		}
		if err != nil {
			one.Failed = err.Error()
			return append(results, one)
		}
		fmt.Fprintf(b.log, "  %s, %s: %s\n", one.Scenario, one.Way, one.Unit.Text(one.Samples[0]))
		results = append(results, one)
	}
	return results
}

// pusher builds an app and pushes it to its own registry.
type pusher struct {
	*build
	registry   *pushes.Registry
	repository string
	tag        string           // in the engine; empty for armature, which pushes itself
	had        map[v1.Hash]bool // the layers of the previous image
}

func (b *bench) pusher(ctx context.Context, w way) (*pusher, error) {
	registry, err := pushes.Serve()
	if err != nil {
		return nil, err
	}
	p := &pusher{registry: registry, repository: registry.Address + "/bench-pushed", had: map[v1.Hash]bool{}}
	if w.engine {
		p.tag = "bench-pushed:" + w.name
	}
	if p.build, err = b.prepare(ctx, "pushed", w, express, "--tag", p.repository, "--output", "registry"); err != nil {
		registry.Close()
		return nil, err
	}
	return p, nil
}

// push builds and pushes, and adds to a result the bytes sent, and those of the
// manifest, the configuration and every layer that the previous image did not
// have.
func (p *pusher) push(ctx context.Context, into *history.Result) error {
	if _, err := p.run(ctx); err != nil {
		return err
	}
	if p.tag != "" {
		if err := step.Run(ctx, nil, nil, "docker", "tag", p.tag, p.repository); err != nil {
			return err
		}
		if err := step.Run(ctx, nil, nil, "docker", "push", p.repository); err != nil {
			return err
		}
	}
	into.Samples = []float64{float64(p.registry.Taken())}
	image, err := p.image(ctx)
	if err != nil {
		return err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	size, err := image.Size() // of the manifest
	if err != nil {
		return err
	}
	into.Parts = []history.Part{{Name: "manifest", Value: float64(size)}, {Name: "configuration", Value: float64(manifest.Config.Size)}}
	for _, layer := range manifest.Layers {
		if !p.had[layer.Digest] {
			into.Parts = append(into.Parts, history.Part{Name: report.ChangedLayer, Value: float64(layer.Size)})
			p.had[layer.Digest] = true
		}
	}
	return nil
}

// image returns the image in the registry.
func (p *pusher) image(ctx context.Context) (v1.Image, error) {
	reference, err := name.ParseReference(p.repository)
	if err != nil {
		return nil, err
	}
	return remote.Image(reference, remote.WithContext(ctx))
}

// startRounds is how often each start is measured.
const startRounds = 40

// start measures the start of the host's image to its first answer, unchanged
// and with Node.js alone: the difference is the cost of the launcher and the
// helpers.
func (b *bench) start(ctx context.Context, name string) (contest.Scenario, error) {
	s := contest.Scenario{Name: name, Unit: history.Seconds}
	w := way{name: native, platforms: []targets.Target{b.host}}
	made, err := b.prepare(ctx, name, w, express)
	if err != nil {
		return s, err
	}
	if _, err := made.run(ctx); err != nil {
		return s, err
	}
	image := "bench-" + name + ":" + native
	measure := func(program ...string) func(context.Context) (contest.Sample, error) {
		return func(ctx context.Context) (contest.Sample, error) {
			seconds, err := startup.Answer(ctx, b.armature.Program, made.home.Dir, image, program...)
			return contest.Sample{Value: seconds}, err
		}
	}
	if _, err := measure()(ctx); err != nil { // unpacks the image for later starts
		return s, err
	}
	s.Ways = []contest.Way{
		{Name: native, Rounds: startRounds, Measure: measure()},
		{Name: node, Rounds: startRounds, Measure: measure("/layers/armature_node-engine/node/bin/node", "node.js")},
	}
	return s, nil
}

// memory measures the peak memory of a cold build.
func (b *bench) memory(ctx context.Context) ([]history.Result, error) {
	s := contest.Scenario{Name: "memory", Unit: history.Bytes}
	a := express
	a.without = []string{dockerfile, emulated}
	for _, w := range b.ways(a) {
		made, err := b.prepare(ctx, s.Name, w, a)
		if err != nil {
			return nil, err
		}
		roots := memory.Self
		if w.engine {
			roots = memory.Engine
		}
		s.Ways = append(s.Ways, contest.Way{Name: w.name, Rounds: 1, Measure: func(ctx context.Context) (contest.Sample, error) {
			peak, err := memory.Peak(ctx, roots, func() error { _, err := made.runCold(ctx); return err })
			return contest.Sample{Value: float64(peak)}, err
		}})
	}
	return b.contest(ctx, s)
}
