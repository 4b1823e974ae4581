package npmstart

import (
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// Decide returns how the app starts, as far as that is known before the build, which
// knows the files that it makes.
func Decide(env environ.List) func(packit.DetectContext) []decisions.Decision {
	return func(context packit.DetectContext) (all []decisions.Decision) {
		s, err := readProject(context.WorkingDir, env)
		if err == nil {
			err = s.decide(s.question(env), env)
		}
		if err != nil {
			return nil // detection has ended with it
		}
		all = s.decisions(env)
		path, err := s.healthPath(env.Get)
		if asked, ok := decisions.Ask(err); ok {
			all = append(all, asked)
		} else if path != "" {
			all = append(all, decisions.Decision{Topic: decisions.Process, Name: healthProcess, Decision: "asks for " + path, Evidence: healthVariable})
		}
		mode, err := startCheck(env.Get)
		if err == nil && mode == "error" && s.app.Ends != "" {
			err = s.cannotRun(s.ending(), launched{}, mode, env.Get, scribe.NewEmitter(io.Discard))
		}
		if asked, ok := decisions.Ask(err); ok {
			all = append(all, asked)
		}
		return all
	}
}

func (s start) decisions(env environ.List) (all []decisions.Decision) {
	if s.app.Framework != "" {
		all = append(all, decisions.Decision{Topic: decisions.Framework, Decision: s.app.Framework, Evidence: s.app.FrameworkBy})
	}
	for _, p := range s.app.Processes {
		all = append(all, decisions.Decision{Topic: decisions.Process, Name: p.Type, Decision: p.Command, Evidence: p.Evidence, Setting: s.setting(p, env)})
	}
	if variable, number := s.port(); variable != "" {
		all = append(all, decisions.Decision{Topic: decisions.Port, Name: variable, Decision: number, Evidence: s.web.Evidence})
	}
	for _, why := range s.app.Passed {
		all = append(all, decisions.Decision{Topic: decisions.PassedOver, Decision: why})
	}
	return all
}

// setting returns the setting that makes the same process, or "": a process of
// other types has its own setting or the Procfile's line, and a file that the build
// makes may turn out to be another one.
func (s start) setting(p startup.Process, env environ.List) string {
	command := p.Command
	if p.Script != "" {
		command = "npm run " + p.Script
	} else if p.File != "" {
		if _, err := os.Stat(filepath.Join(s.dir, p.File)); err != nil {
			return ""
		}
	}
	if p.Type != startup.WebProcess || s.app.Ends != "" {
		return ""
	}
	fixed := s
	question := s.question(env)
	question.Commands[startup.WebProcess] = command
	if err := fixed.decide(question, env); err != nil || !same(fixed, s) {
		return ""
	}
	return settings.StartCommand + "=" + command
}

// same reports whether two answers make the same image.
func same(a, b start) bool {
	plain := func(all []startup.Process) []startup.Process {
		all = slices.Clone(all)
		for i := range all {
			all[i].Evidence = ""
		}
		return all
	}
	variable, number := a.port()
	other, second := b.port()
	return variable == other && number == second && reflect.DeepEqual(plain(a.app.Processes), plain(b.app.Processes))
}
