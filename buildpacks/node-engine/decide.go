package nodeengine

import (
	"io"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/versionfile"
)

// Decide returns the version of Node.js that a build would choose, or the error with
// which it would end. Only another buildpack of the plan can still change that.
func Decide(env environ.List) func(packit.DetectContext) []decisions.Decision {
	return func(context packit.DetectContext) []decisions.Decision {
		version, source, err := foresee(env, context)
		if asked, ok := decisions.Ask(err); ok {
			return []decisions.Decision{asked}
		}
		if err != nil {
			return nil // the build says it
		}
		return []decisions.Decision{{Topic: decisions.Node, Decision: version, Evidence: source, Setting: versionVariable + "=" + version}}
	}
}

// foresee chooses the version for the requests of detection, with the code of the
// build.
func foresee(env environ.List, context packit.DetectContext) (version, source string, err error) {
	silent := scribe.NewEmitter(io.Discard)
	found, err := find(context.WorkingDir, env.Get)
	if err != nil {
		return "", "", err
	}
	dir := versionfile.Folder(found.Dir, found.Root)
	all, err := requests(dir, context.CNBPath, env.Get, silent)
	if err != nil {
		return "", "", err
	}
	if pkg, err := packagejson.Read(dir); err == nil { // as the buildpack that installs packages does
		all = append(all, request{pkg.Engines.Node, packagejson.FileName})
	}
	host, err := targets.Host()
	if err != nil {
		return "", "", err
	}
	plan := packit.BuildpackPlan{}
	for _, one := range all {
		plan.Entries = append(plan.Entries, packit.BuildpackPlanEntry{
			Name: buildplan.Node, Metadata: map[string]any{"version": one.Version, "version-source": one.VersionSource},
		})
	}
	b := builder{Environ: env, Bindings: servicebindings.NewResolver(), Host: host, Logger: silent}
	run, err := b.determine(packit.BuildContext{
		WorkingDir: context.WorkingDir, CNBPath: context.CNBPath, Platform: context.Platform, Plan: plan, BuildpackInfo: context.BuildpackInfo,
	})
	if err != nil {
		return "", "", err
	}
	if err := run.resolve(); err != nil {
		return "", "", err
	}
	return run.version.String(), run.winner().String(), nil
}
