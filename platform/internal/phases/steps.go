//go:build linux

package phases

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/inspect"
	"github.com/armature-cnb/armature/platform/internal/loopback"
)

// steps makes spans of the lines that the lifecycle and the buildpacks print:
// something begins when the line comes that announces it, and is over when the
// next one comes. Our own buildpacks tell more, see package spans. Nothing but
// spans follows from any of these lines, so that an app whose scripts print
// alike only deceives its own timeline.
type steps struct {
	log    *progress.Log
	titles map[string]bool // the lines by which buildpacks begin: "NAME VERSION"

	name                            string // of the phase
	phase, buildpack, task, command *progress.Work
	saving                          *progress.Work // of the image; not forgotten with its phase
	saved                           time.Time      // when that began

	last    time.Time // when the line before came
	caching bool      // that line was of a layer of the cache
}

// enter begins a phase of the lifecycle.
func (s *steps) enter(name string) {
	s.leave(false)
	s.name, s.phase, s.last = name, s.log.Phase(name), time.Now()
}

// leave ends the phase there is.
func (s *steps) leave(failed bool) {
	if s.caching && !failed {
		s.past(progress.Span{Kind: progress.Cache, What: "writing the cache"})
	}
	s.log.EndPhase(failed)
	*s = steps{log: s.log, titles: s.titles, saving: s.saving, saved: s.saved}
}

// chatters says whether it is the lifecycle itself that speaks, in a phase of
// its own.
func (s *steps) chatters() bool { return s.phase != nil && s.name != "building" }

// What the lifecycle prints of layers (phase/exporter.go and phase/cache.go of
// lifecycle 0.21), each when the layer has been read and hashed.
var (
	layerLine = regexp.MustCompile(`^(Adding|Reusing) (cache )?layer '([^']+)'$`)
	appLine   = regexp.MustCompile(`^(Added|Reused) \d+/\d+ app layer\(s\)$`)
)

// told takes a line by which a buildpack tells a span that is over.
func (s *steps) told(text string) bool {
	span, ok := spans.Parse(text)
	if !ok || s.buildpack == nil {
		return false
	}
	within := s.task
	if within == nil {
		within = s.buildpack
	}
	now := time.Now()
	s.log.Past(within, progress.Span{Kind: progress.Kind(span.Kind), What: span.What, Bytes: span.Bytes}, now.Add(-time.Duration(span.Seconds*float64(time.Second))), now)
	return true
}

// What buildpacks print: names of steps are indented by two, their parts by
// four, and how long those took by six (packit's scribe).
var (
	taskLine      = regexp.MustCompile(`^  (\S.*)$`)
	commandLine   = regexp.MustCompile(`^    Running '(.+)'$`)
	partLine      = regexp.MustCompile(`^    \S`)
	completedLine = regexp.MustCompile(`^      Completed in [0-9.hmsµn]+$`)
)

// line looks at a line of a phase.
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
	if completedLine.MatchString(text) {
		if s.command != nil {
			s.command.End()
		} else {
			s.task.End()
			s.task = nil
		}
		s.command = nil
		return
	}
	if found := taskLine.FindStringSubmatch(text); found != nil && !strings.HasPrefix(found[1], "WARNING") {
		s.task.End()
		s.task, s.command = s.log.Begin(s.buildpack, progress.Task, strings.TrimSuffix(found[1], ":")), nil
		return
	}
	within := s.task
	if within == nil {
		within = s.buildpack
	}
	found := commandLine.FindStringSubmatch(text)
	if found != nil || partLine.MatchString(text) {
		s.command.End()
		s.command = nil
	}
	if found != nil {
		s.command = s.log.Begin(within, progress.Command, found[1])
	}
}

func (s *steps) ofLifecycle(text string) {
	wasCaching := s.caching
	s.caching = false
	if found := layerLine.FindStringSubmatch(text); found != nil {
		span := progress.Span{Kind: progress.Layer, What: "layer " + found[3], Reused: found[1] == "Reusing"}
		if found[2] != "" {
			span.Kind, span.What, s.caching = progress.Cache, "cache layer "+found[3], true
		}
		s.past(span)
		return
	}
	if found := appLine.FindStringSubmatch(text); found != nil {
		s.past(progress.Span{Kind: progress.Layer, What: "layers of the app", Reused: found[1] == "Reused"})
		return
	}
	switch {
	case strings.HasPrefix(text, "Saving "):
		s.saved = time.Now()
		s.saving = s.log.Begin(s.phase, progress.Task, "compressing and uploading layers")
	case strings.HasPrefix(text, imagesLine):
		s.saving.End()
	case wasCaching:
		s.past(progress.Span{Kind: progress.Cache, What: "writing the cache"})
	}
}

// past tells of what went on since the line before.
func (s *steps) past(span progress.Span) { s.log.Past(s.phase, span, s.last, time.Now()) }

// titles are the lines by which the buildpacks of a builder begin. They serve
// for measuring only: a label that cannot be read is as good as none.
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

// blobNames say what the blobs of an image are: whose layers, or the
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

// tellTransfers tells which blobs the lifecycle uploaded when it saved the
// image, or asked for and found there. One without a name is called by its
// digest.
func (s *steps) tellTransfers(transfers []loopback.Transfer, names map[v1.Hash]string) {
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
