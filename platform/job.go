//go:build linux

package platform

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/destination"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/phases"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// job is what a build and a rebase have in common: an image that is called
// something and goes somewhere.
type job struct {
	log  *progress.Log
	home home.Home
	name name.Tag
	to   destination.Output
}

// whole makes an image, which is in written then, tells of it, and only then lets go
// of what that needed: nobody waits for that, and an image is good whatever comes of
// it.
func (j *job) whole(do func() (letGo func() error, err error), written *Written) error {
	letGo, err := do()
	j.log.Close()
	if err != nil {
		return errors.Join(err, letGo())
	}
	j.log.Image(written.Reference)
	if err := letGo(); err != nil {
		j.log.Note("the image is good, but something of the build stays until a later call can remove it: " + err.Error())
	}
	return nil
}

// finish runs the builds and puts their image where it belongs. Created is when an
// image that is rebased is to say that it was made.
func (j *job) finish(ctx context.Context, builds []*phases.Build, created string) (w Written, err error) {
	made, err := phases.RunAll(ctx, builds)
	if err != nil {
		return w, err
	}
	for i, b := range builds {
		if b.Rebase == nil {
			continue
		}
		if made[i], err = likeBefore(made[i], b.Rebase, created); err != nil {
			return w, err
		}
	}
	w.Name = j.name.Name()
	err = j.log.Step("writing the image", func() error {
		w.Reference, err = j.to.Write(ctx, j.home, j.name, made)
		return err
	})
	if err != nil {
		return w, err
	}
	w.Digest = digestIn(w.Reference)
	for i, b := range builds {
		one, err := describe(b, made[i])
		if err != nil {
			return w, err
		}
		w.Images = append(w.Images, one)
	}
	return w, nil
}

func checkNetwork(n Network) error {
	if n != "" && n != HostNetwork && n != NoNetwork {
		return fmt.Errorf("the request's Network is %q, want %q or %q", n, HostNetwork, NoNetwork)
	}
	return nil
}

func closeAll(builds []*phases.Build) error {
	var failed []error
	for _, b := range builds {
		failed = append(failed, b.Close())
	}
	return errors.Join(failed...)
}

// findWay takes the sandbox that was asked for, if it works, or the best.
func findWay(ctx context.Context, asked Way, h home.Home) (_ sandbox.Way, err error) {
	work, err := h.NewWork()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, work.Close()) }()
	ways := sandbox.Ways()
	if asked == "" {
		return sandbox.Find(ctx, work.Dir, ways...)
	}
	if !slices.Contains(ways, sandbox.Way(asked)) {
		return "", &failure.Failure{ID: "no-sandbox", Cause: fmt.Sprintf("there is no sandbox %q for this user", asked), Remedy: fmt.Sprintf("choose one of %s, or leave --sandbox out.", ways)}
	}
	way, err := sandbox.Find(ctx, work.Dir, sandbox.Way(asked))
	var refused *failure.Failure
	if errors.As(err, &refused) && len(ways) > 1 {
		refused.Remedy = "leave --sandbox out, or " + refused.Remedy
	}
	return way, err
}
