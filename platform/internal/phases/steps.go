//go:build linux

package phases

import (
	"encoding/json"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/buildlog"
	"github.com/armature-cnb/armature/platform/internal/inspect"
	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// steps turns the output of the lifecycle and the buildpacks into spans: a line
// that announces work begins a span, and the next such line ends it. Our own
// buildpacks report more, see package spans. These lines affect nothing but
// spans, so an app whose scripts imitate them distorts only its own timeline.
type steps struct {
	log    *progress.Log
	titles map[string]bool // the first lines of buildpacks: "NAME VERSION"

	name                            string // the phase's name
	phase, buildpack, task, command *progress.Work
	saving                          *progress.Work // saving the image; kept across phases
	saved                           time.Time      // its start

	last    time.Time // the time of the previous line
	caching bool      // the previous line was about a cache layer
}

// enter begins a phase of the lifecycle.
func (s *steps) enter(name string) {
	s.leave(false)
	s.name, s.phase, s.last = name, s.log.Phase(name), time.Now()
}

// leave ends the current phase.
func (s *steps) leave(failed bool) {
	if s.caching && !failed {
		s.past(progress.Span{Kind: progress.Cache, What: "writing the cache"})
	}
	s.log.EndPhase(failed)
	*s = steps{log: s.log, titles: s.titles, saving: s.saving, saved: s.saved}
}

// isLifecycle reports whether the output is the lifecycle's own.
func (s *steps) isLifecycle() bool { return s.phase != nil && s.name != "building" }

// reported parses a line with which a buildpack reports a finished span.
func (s *steps) reported(text string) bool {
	span, ok := spans.Parse(text)
	if !ok || s.buildpack == nil {
		return false
	}
	now := time.Now()
	s.log.Past(s.parent(), progress.Span{Kind: progress.Kind(span.Kind), What: span.What, Bytes: span.Bytes}, now.Add(-time.Duration(span.Seconds*float64(time.Second))), now)
	return true
}

// line parses a line of a phase.
func (s *steps) line(text string) {
	if text == "" {
		return
	}
	switch {
	case s.phase == nil:
	case s.titles[text]:
		s.buildpack.End()
		s.buildpack, s.task, s.command = s.log.Begin(s.phase, progress.Buildpack, text), nil, nil
	case s.buildpack != nil:
		s.ofBuildpack(text)
	default:
		s.ofLifecycle(text)
	}
	s.last = time.Now()
}

func (s *steps) ofBuildpack(text string) {
	step := buildlog.ParseStep(text)
	switch step.Kind {
	case buildlog.Completed:
		if s.command != nil {
			s.command.End()
		} else {
			s.task.End()
			s.task = nil
		}
		s.command = nil
	case buildlog.Task:
		s.task.End()
		s.task, s.command = s.log.Begin(s.buildpack, progress.Task, step.What), nil
	case buildlog.Command, buildlog.Part:
		s.command.End()
		s.command = nil
		if step.Kind == buildlog.Command {
			s.command = s.log.Begin(s.parent(), progress.Command, step.What)
		}
	}
}

// parent is the task, or without one, the buildpack.
func (s *steps) parent() *progress.Work {
	if s.task != nil {
		return s.task
	}
	return s.buildpack
}

func (s *steps) ofLifecycle(text string) {
	wasCaching := s.caching
	s.caching = false
	switch line := buildlog.ParseExport(text); line.Kind {
	case buildlog.Layer:
		s.past(progress.Span{Kind: progress.Layer, What: "layer " + line.Name, Reused: line.Reused})
	case buildlog.CacheLayer:
		s.caching = true
		s.past(progress.Span{Kind: progress.Cache, What: "cache layer " + line.Name, Reused: line.Reused})
	case buildlog.AppLayers:
		s.past(progress.Span{Kind: progress.Layer, What: "layers of the app", Reused: line.Reused})
	case buildlog.Saving:
		s.saved = time.Now()
		s.saving = s.log.Begin(s.phase, progress.Task, "compressing and uploading layers")
	case buildlog.Images:
		s.saving.End()
	default:
		if wasCaching {
			s.past(progress.Span{Kind: progress.Cache, What: "writing the cache"})
		}
	}
}

// past reports the work since the previous line.
func (s *steps) past(span progress.Span) { s.log.Past(s.phase, span, s.last, time.Now()) }

// titles returns the first lines of a builder's buildpacks. They are only for
// measuring: an unreadable label counts as none.
func titles(builder v1.Image) map[string]bool {
	config, err := builder.ConfigFile()
	if err != nil {
		return nil
	}
	var all map[string]map[string]struct {
		Name string `json:"name"`
	}
	if json.Unmarshal([]byte(config.Config.Labels[labels.Buildpacks]), &all) != nil {
		return nil
	}
	found := map[string]bool{}
	for id, versions := range all {
		for version, about := range versions {
			found[about.Name+" "+version] = about.Name != ""
			found[id+" "+version] = about.Name == ""
		}
	}
	return found
}

// blobNames names the blobs of an image: the layers' owners, or the
// configuration.
func blobNames(image v1.Image) (map[v1.Hash]string, error) {
	names, err := inspect.Owners(image)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigName()
	if err != nil {
		return nil, err
	}
	names[config] = "configuration"
	return names, nil
}

// recordTransfers reports the blobs that the lifecycle uploaded, or found in the
// registry, when it saved the image. One without a name has its digest as name.
func (s *steps) recordTransfers(transfers []loopback.Transfer, names map[v1.Hash]string) {
	for _, t := range transfers {
		if s.saving == nil || t.Begin.Before(s.saved) {
			continue
		}
		what := names[t.Digest]
		if what == "" {
			what = t.Digest.String()
		}
		s.log.Past(s.saving, progress.Span{Kind: progress.Upload, What: what, Bytes: t.Bytes, Reused: t.Reused}, t.Begin, t.End)
	}
}
