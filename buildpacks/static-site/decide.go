package staticsite

import (
	"cmp"
	"reflect"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/startup"
)

// Decide returns which folder becomes the site. Several candidates stand for what
// the build may make: it serves the first that has an index.html then.
func Decide(env environ.List) func(packit.DetectContext) []decisions.Decision {
	return func(context packit.DetectContext) (all []decisions.Decision) {
		s, err := read(context.WorkingDir, env)
		if err != nil || s.app.Kind != startup.Static {
			return nil // detection has ended with it
		}
		if s.app.Framework != "" {
			all = append(all, decisions.Decision{Topic: decisions.Framework, Decision: s.app.Framework, Evidence: s.app.FrameworkBy})
		}
		all = append(all, decisions.Decision{Topic: decisions.Static, Decision: s.foreseen(env), Evidence: s.app.Site.Evidence, Setting: s.setting(env)})
		for _, why := range s.app.Passed {
			all = append(all, decisions.Decision{Topic: decisions.PassedOver, Decision: why})
		}
		if !s.builds {
			_, err = s.folder(env.Get)
		}
		if asked, ok := decisions.Ask(err); ok {
			all = append(all, asked)
		}
		return all
	}
}

// foreseen returns the site's folder, or the candidates.
func (s source) foreseen(env environ.List) string {
	if given := env.Get(settings.StaticRoot); given != "" {
		return given
	}
	there := ""
	if !s.builds {
		there = s.app.Site.Root(s.dir)
	}
	return cmp.Or(there, strings.Join(s.app.Site.Roots, " or "))
}

// setting returns the setting that makes the same site, or "".
func (s source) setting(env environ.List) string {
	roots := s.app.Site.Roots
	if len(roots) != 1 || strings.ContainsAny(roots[0], `*?[\\`) {
		return ""
	}
	fixed, err := read(s.root, env.With(settings.StaticRoot, roots[0]))
	if err != nil || fixed.app.Kind != startup.Static {
		return ""
	}
	was, is := s.app.Site, fixed.app.Site
	if was.Evidence = is.Evidence; !reflect.DeepEqual(was, is) {
		return ""
	}
	return settings.StaticRoot + "=" + roots[0]
}
