package npmstart

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
	"github.com/armature-cnb/armature/internal/appfolder"
	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/imagesettings"
	"github.com/armature-cnb/armature/internal/cnb/procfile"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/nodehome"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// Names of the layers, and of the program in the first. The lifecycle reads the
// user's variables last, so that they override the others.
const (
	supervisorLayer  = "supervisor"
	variablesLayer   = "variables"
	environmentLayer = "environment"
	supervisorName   = "supervisor"
)

// keyMetadata is the layer metadata key for the digest that decides about reuse.
const keyMetadata = "sha256"

// Build sets the app's processes, in layers of its own, and adds the variables and
// labels of the settings to the image.
func Build(env environ.List, log scribe.Emitter) packit.BuildFunc {
	return func(context packit.BuildContext) (packit.BuildResult, error) {
		log.Title("%s %s", context.BuildpackInfo.Name, context.BuildpackInfo.Version)
		s, err := readProject(context.WorkingDir, env)
		if err != nil {
			return packit.BuildResult{}, err
		}
		if err := s.readModes(env.Get); err != nil {
			return packit.BuildResult{}, err
		}
		t, err := targets.FromEnv(env.Get)
		if err != nil {
			return packit.BuildResult{}, err
		}
		if layer := env.Get(nodemodules.LaunchLayerVariable); layer != "" {
			if err := nodemodules.Relink(s.modules, layer); err != nil {
				return packit.BuildResult{}, err
			}
		}
		layersDir := filepath.Dir(context.Layers.Path)
		others, err := buildplan.ReadGroup(layersDir)
		if err != nil {
			return packit.BuildResult{}, err
		}
		if err := s.choose(layersDir, others, env, log); err != nil {
			return packit.BuildResult{}, err
		}
		if err := s.checkShell(context.Layers.Path); err != nil {
			return packit.BuildResult{}, err
		}
		if s.health, err = s.healthPath(env.Get); err != nil {
			return packit.BuildResult{}, err
		}
		given, err := s.given(env, others)
		if err != nil {
			return packit.BuildResult{}, err
		}
		layers, err := s.layers(context, t, given.variables, log)
		if err != nil {
			return packit.BuildResult{}, err
		}
		processes := s.processes(filepath.Join(context.Layers.Path, supervisorLayer, "bin", supervisorName))
		if s.health != "" {
			processes = append(processes, s.healthCommand(context.Layers.Path, s.health))
		}
		s.describe(log, processes)
		imagesettings.DescribeVariables(log, given.variables)
		if why := s.workspaceReason(); why != "" && !s.execEnv.Develops() {
			warn(log, why)
		}
		folder, err := appfolder.Open(context.WorkingDir, env.Get, log)
		if err == nil {
			err = folder.Finish()
		}
		return packit.BuildResult{Layers: layers, Launch: packit.LaunchMetadata{DirectProcesses: processes, Labels: given.labels}}, err
	}
}

// choose decides how the app starts, now that it is built, and checks that it can.
// layersDir holds the layers of all buildpacks, which others are.
func (s *start) choose(layersDir string, others buildplan.Group, env environ.List, log scribe.Emitter) error {
	mode, err := startCheck(env.Get)
	if err != nil {
		return err
	}
	if s.execEnv.Develops() {
		return s.decide(s.question(env), env)
	}
	modules, err := s.findLaunched(layersDir, env.Get)
	if err != nil {
		return err
	}
	question := s.question(env)
	question.Built, question.IgnoreProcfile, question.Node = true, others[buildplan.Procfile], nodehome.Version(env.Get(nodehome.Variable))
	question.CannotRun = func(p startup.Process) string {
		if f := (oracle{start: *s, launched: modules}).ofProcess(p); f.kind == dies && mode == "error" {
			return f.String()
		}
		return ""
	}
	switch err := s.decide(question, env); {
	case err != nil && question.IgnoreProcfile && len(procfile.Read(s.root)) > 0:
		return nil // the other buildpack starts the app
	case err == errStatic:
		return s.builtSite()
	case err != nil:
		return err
	}
	if err := s.linkBeside(s.web); err != nil {
		return err
	}
	if err := s.checkBash(layersDir, mode, others, log); err != nil {
		return err
	}
	return s.checkStart(modules, mode, others, env.Get, log)
}

// given is what settings add to the image.
type given struct {
	variables packit.Environment
	labels    map[string]string
}

// given reads the settings, except what another buildpack of the group sets.
func (s start) given(env environ.List, others buildplan.Group) (g given, err error) {
	if !others[buildplan.EnvironmentVariables] {
		if g.variables, err = imagesettings.Variables(env); err != nil {
			return given{}, err
		}
	}
	if !others[buildplan.ImageLabels] {
		g.labels, err = imagesettings.Labels(env.Get)
	}
	if variable, number := s.port(); variable != "" && err == nil {
		g.label(PortLabel, number)
	}
	if s.health != "" && err == nil {
		g.label(HealthLabel, "/cnb/process/"+healthProcess)
	}
	return g, err
}

// label adds a label, unless the settings have it.
func (g *given) label(name, value string) {
	if g.labels == nil {
		g.labels = map[string]string{}
	}
	if _, given := g.labels[name]; !given {
		g.labels[name] = value
	}
}

func (s start) layers(context packit.BuildContext, t targets.Target, given packit.Environment, log scribe.Emitter) (layers []packit.Layer, err error) {
	if !s.tini {
		supervisor, err := programIn(context, t, supervisorName, log)
		if err != nil {
			return nil, err
		}
		layers = append(layers, supervisor)
	}
	if s.health != "" {
		probe, err := programIn(context, t, healthProcess, log)
		if err != nil {
			return nil, err
		}
		layers = append(layers, probe)
	}
	variables, err := s.environment()
	if err != nil {
		return nil, err
	}
	logLaunchEnvironment(log, variables, given)
	for _, one := range []struct {
		layer string
		env   packit.Environment
	}{{environmentLayer, variables}, {variablesLayer, given}} {
		if len(one.env) == 0 {
			continue
		}
		layer, err := environmentIn(context, one.layer, one.env)
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	return layers, nil
}

// programIn copies the target's program, such as the supervisor, into a layer of that
// name. It reuses the previous layer, without its content, if the program is the same.
func programIn(context packit.BuildContext, t targets.Target, name string, log scribe.Emitter) (packit.Layer, error) {
	source := filepath.Join(context.CNBPath, "bin", t.Dashed(), name)
	program, err := os.ReadFile(source)
	if errors.Is(err, fs.ErrNotExist) {
		return packit.Layer{}, fmt.Errorf("the buildpack has no %s for %s: there is no %s", name, t, source)
	}
	if err != nil {
		return packit.Layer{}, fmt.Errorf("reading the %s: %w", name, err)
	}
	layer, err := context.Layers.Get(name)
	if err != nil {
		return packit.Layer{}, err
	}
	digest := sha256.Sum256(program)
	key := hex.EncodeToString(digest[:])
	if layer.Metadata[keyMetadata] == key {
		log.Process("Reusing cached layer %s", layer.Path)
		log.Break()
		layer.Launch = true
		return layer, nil
	}
	if layer, err = layer.Reset(); err == nil {
		layer.Launch = true
		layer.Metadata = map[string]any{keyMetadata: key}
		err = writeProgram(filepath.Join(layer.Path, "bin", name), program)
	}
	return layer, err
}

func writeProgram(path string, program []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making the program's folder: %w", err)
	}
	if err := os.WriteFile(path, program, 0o755); err != nil {
		return errors.Join(fmt.Errorf("writing the program: %w", err), os.Remove(path))
	}
	return nil
}

func (s start) describe(log scribe.Emitter, processes []packit.DirectProcess) {
	if s.workspace != "" {
		log.Process("Starting a workspace: %s", s.workspace)
		log.Subprocess("%s chooses another folder.", settings.ProjectPath)
		log.Break()
	}
	for _, why := range s.app.Passed {
		log.Process("Passing over: %s", why)
		log.Break()
	}
	for _, note := range s.app.Notes {
		warn(log, note)
	}
	if len(processes) == 0 {
		return
	}
	log.Process("Assigning launch processes:")
	for _, process := range processes {
		kind := process.Type
		if process.Default {
			kind += " (default)"
		}
		log.Subprocess("%s: %s", kind, command.Quote(process.Command))
		log.Action("in %s", process.WorkingDirectory)
		for _, p := range s.app.Processes {
			if p.Type == process.Type {
				log.Action("because of %s", p.Evidence)
			}
		}
	}
	if variable, number := s.port(); variable != "" {
		log.Subprocess("%s says which port it listens to: %s without it", variable, number)
	}
	log.Break()
}
