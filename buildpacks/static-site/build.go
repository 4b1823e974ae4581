package staticsite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/assemble"
	"github.com/armature-cnb/armature/buildpacks/static-site/internal/rules"
	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/imagesettings"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// Build makes the layers of the site and of its server, empties the app's folder
// and sets the process web.
func Build(env environ.List, log scribe.Emitter) packit.BuildFunc {
	return func(context packit.BuildContext) (packit.BuildResult, error) {
		log.Title("%s %s", context.BuildpackInfo.Name, context.BuildpackInfo.Version)
		s, err := read(context.WorkingDir, env)
		if err != nil {
			return packit.BuildResult{}, err
		}
		if s.app.Kind != startup.Static {
			return packit.BuildResult{}, s.changed()
		}
		t, err := targets.FromEnv(env.Get)
		if err != nil {
			return packit.BuildResult{}, err
		}
		given, err := s.given(context, env)
		if err != nil {
			return packit.BuildResult{}, err
		}
		layers, err := s.layers(context, t, env, log)
		if err != nil {
			return packit.BuildResult{}, err
		}
		if len(given.variables) > 0 {
			layer, err := variablesIn(context, given.variables)
			if err != nil {
				return packit.BuildResult{}, err
			}
			layers = append(layers, layer)
		}
		process := packit.DirectProcess{Type: startup.WebProcess, Default: true, Args: []string{}, Command: []string{
			filepath.Join(context.Layers.Path, serverLayer, "bin", serverName), filepath.Join(context.Layers.Path, siteLayer),
		}}
		log.Process("Assigning launch processes:")
		log.Subprocess("%s (default): %s", process.Type, strings.Join(process.Command, " "))
		log.Break()
		imagesettings.DescribeVariables(log, given.variables)
		return packit.BuildResult{Layers: layers, Launch: packit.LaunchMetadata{DirectProcesses: []packit.DirectProcess{process}, Labels: given.labels}}, empty(context.WorkingDir)
	}
}

// changed is the error for an app that was a static site in detection.
func (s source) changed() error {
	now := "nothing starts it"
	if len(s.app.Processes) > 0 {
		now = fmt.Sprintf("it starts with `%s` (%s)", s.app.Processes[0].Command, s.app.Processes[0].Evidence)
	}
	return fmt.Errorf("the app was a static site in detection and is none in the build: now %s", now)
}

// given is what settings add to the image.
type given struct {
	variables packit.Environment
	labels    map[string]string
}

// given reads the settings, except what another buildpack of the group sets.
func (s source) given(context packit.BuildContext, env environ.List) (g given, err error) {
	others, err := buildplan.ReadGroup(filepath.Dir(context.Layers.Path))
	if err != nil {
		return g, err
	}
	if !others[buildplan.EnvironmentVariables] {
		if g.variables, err = imagesettings.Variables(env); err != nil {
			return g, err
		}
	}
	if !others[buildplan.ImageLabels] {
		g.labels, err = imagesettings.Labels(env.Get)
	}
	return g, err
}

// layers makes the layers of the site and of the server.
func (s source) layers(context packit.BuildContext, t targets.Target, env environ.List, log scribe.Emitter) ([]packit.Layer, error) {
	folder, err := s.folder(env.Get)
	if err != nil {
		return nil, err
	}
	options, err := s.options(folder)
	if err != nil {
		return nil, err
	}
	scan, err := assemble.Open(filepath.Join(s.dir, folder), options)
	if err != nil {
		return nil, unsafe(err)
	}
	defer scan.Close()
	if len(scan.Site.Files) == 0 {
		return nil, s.missing(fmt.Sprintf("the folder %s has no file", folder))
	}
	page, why, err := s.fallback(scan.Site.Files, env.Get)
	if err != nil {
		return nil, err
	}
	scan.Site.Fallback = page
	log.Process("Making a site of the folder %s", folder)
	log.Subprocess("It is one because of: %s", plain(s.app.Site.Evidence))
	for _, why := range s.app.Passed {
		log.Subprocess("Passed over: %s", plain(why))
	}
	if page != "" {
		log.Subprocess("Paths without a file get %s, because of: %s", plain(page), plain(why))
	}
	if len(scan.Site.Headers)+len(scan.Site.Redirects) > 0 {
		log.Subprocess("Rules for headers: %d, for redirects: %d", len(scan.Site.Headers), len(scan.Site.Redirects))
	}
	site, err := siteIn(context, scan, log)
	if err != nil {
		return nil, err
	}
	warn(log, "[static-rule-ignored] the server does not do what these lines say", scan.Ignored)
	warn(log, "[static-file-left-out] the site leaves out", scan.LeftOut)
	server, err := serverIn(context, t, log)
	return append(site, server), err
}

// unsafe gives the error of a rule without which a site would be open its id.
func unsafe(err error) error {
	var rule *rules.UnsafeError
	if !errors.As(err, &rule) {
		return err
	}
	return &failure.Failure{
		ID:     "static-rule-unsafe",
		Cause:  "a rule of the site keeps visitors out, and without it everybody has what it guards: " + err.Error(),
		Remedy: "take the rule out and guard the site in front of this server, or take what it guards out of the site.",
	}
}

// warn logs a warning about some lines, if any.
func warn(log scribe.Emitter, text string, lines []string) {
	if len(lines) == 0 {
		return
	}
	const most = 20
	log.Process("WARNING: %s:", text)
	for _, line := range lines[:min(len(lines), most)] {
		log.Subprocess("%s", plain(line))
	}
	if more := len(lines) - most; more > 0 {
		log.Subprocess("and %d more", more)
	}
	log.Break()
}

// empty removes everything in the app's folder: the site has a layer of its own.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("emptying the app's folder: %w", err)
	}
	for _, entry := range entries {
		if err := tree.Remove(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("emptying the app's folder: %w", err)
		}
	}
	return nil
}
