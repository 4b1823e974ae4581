//go:build linux

package platform

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/platform/internal/destination"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/phases"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// RebaseRequest says which image to put on which run image. Image is required, and
// Builder if the environment names none.
type RebaseRequest struct {
	Image string // an image in Home, an OCI layout's folder, or a reference
	As    string // the new image's name, NAME[:TAG]; Image when empty

	Output      string            // see [Request]
	Annotations map[string]string // in addition to the image's
	Created     time.Time         // creation time of the image; unchanged when zero

	Builder  string // whose lifecycle to use, see [Request]; $ARMATURE_BUILDER of Getenv when empty
	RunImage string // folder of an OCI layout, or a reference; the builder's own when empty

	Home       string // armature's own folder; $XDG_CACHE_HOME/armature or ~/.cache/armature when empty
	Sandbox    Way    // the first that works if empty
	Registries Registries
	Getenv     func(string) string // looks up an environment variable; nil has none
	Progress   Progress            // may be nil
}

// Rebase puts an image, for each of its targets, on another run image, and writes
// it to the request's Output. The app's layers do not change.
func Rebase(ctx context.Context, r RebaseRequest) (w Written, err error) {
	defer explain(&err)
	j, options, err := r.read()
	if err != nil {
		return w, err
	}
	defer j.home.Finish()
	err = j.whole(func() (release func() error, err error) {
		var builds []*phases.Build
		w, builds, err = j.rebase(ctx, r, options)
		return func() error { return closeAll(builds) }, err
	}, &w)
	return w, err
}

// rebase makes the images and writes them. The caller closes the builds, also after
// an error.
func (j *job) rebase(ctx context.Context, r RebaseRequest, options phases.Options) (w Written, builds []*phases.Build, err error) {
	if err := j.to.Check(ctx, j.name, 1); err != nil { // of how many platforms the image is, it says later
		return w, nil, err
	}
	if options.Way, err = findWay(ctx, r.Sandbox, j.home); err != nil {
		return w, nil, err
	}
	if options.Way == sandbox.Chroot {
		options.Network = sandbox.Host // which a chroot cannot keep away
	}
	if builds, err = startRebases(ctx, options, r.Image); err != nil {
		return w, nil, err
	}
	w, err = j.finish(ctx, builds, options.Created)
	return w, builds, err
}

// read validates a request.
func (r RebaseRequest) read() (j *job, o phases.Options, err error) {
	r.Getenv = environment(r.Getenv)
	j = &job{log: newLog(r.Progress)}
	if j.name, err = parseName(cmp.Or(r.As, r.Image)); err != nil {
		return nil, o, err
	}
	if j.to, err = destination.Parse(r.Output); err != nil {
		return nil, o, err
	}
	o = phases.Options{
		Name: j.name.Name(), Builder: cmp.Or(r.Builder, r.Getenv(builderVariable)), RunImage: r.RunImage, Registries: r.Registries.all(),
		Env: map[string]string{}, Network: sandbox.None, Limits: sandbox.DefaultLimits(), Log: j.log, Getenv: r.Getenv,
	}
	if o.Builder == "" {
		return nil, o, noBuilder()
	}
	if o.Created, err = epoch(r.Created); err != nil {
		return nil, o, err
	}
	if o.Host, err = hostOr(Target{}); err != nil {
		return nil, o, err
	}
	if err := checkLabels(r.Annotations); err != nil {
		return nil, o, err
	}
	j.to.Registries, j.to.Annotations = o.Registries, r.Annotations
	j.home, err = home.Open(r.Home, r.Getenv)
	o.Home = j.home
	return j, o, err
}

// startRebases prepares a rebase for each platform of an image.
func startRebases(ctx context.Context, options phases.Options, called string) (builds []*phases.Build, err error) {
	err = eachTarget(ctx, options.Registries, options.Home, called, func(to Target, image v1.Image) error {
		one := options
		one.Target, one.Rebase = to, image
		b, err := phases.Start(ctx, one)
		if err == nil {
			builds = append(builds, b)
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, closeAll(builds))
	}
	return builds, nil
}

// keepMetadata adds to a rebased image what the lifecycle drops: the annotations, and
// the creation time, unless created (in the format of SOURCE_DATE_EPOCH) replaces
// it.
func keepMetadata(image, before v1.Image, created string) (v1.Image, error) {
	manifest, err := before.Manifest()
	if err != nil {
		return nil, err
	}
	was, err := before.ConfigFile()
	if err != nil {
		return nil, err
	}
	is, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	at := was.Created
	if seconds, err := strconv.ParseInt(created, 10, 64); err == nil {
		at = v1.Time{Time: time.Unix(seconds, 0).UTC()}
	}
	if !at.Equal(is.Created.Time) {
		if image, err = mutate.CreatedAt(image, at); err != nil {
			return nil, err
		}
	}
	return destination.Annotated(image, manifest.Annotations), nil
}
