package programs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/bindings"
	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// baked is the buildpack's folder with archives that it brings along, named by
// their checksums.
const baked = "dependencies"

// LaunchSuffix is behind the manager's name in the name of the layer with the
// program for the app image.
const LaunchSuffix = "-launch"

// installation is one call of [Request.Get].
type installation struct {
	Request
	context  packit.BuildContext
	env      environ.List
	log      scribe.Emitter
	registry *registry
	dir      string // of the project
}

// Get installs the program for the build's host into a layer with the manager's
// name, for the build and the next one; and if the plan requires the manager at
// launch, or atLaunch says so, into one for the target that is only for the app
// image. Dir is the folder of the project. It reuses a layer with the same program.
// A program that needs another Node.js than the build's is a [failure.Failure]
// with the id package-manager-needs-other-node.
func (r Request) Get(context packit.BuildContext, env environ.List, log scribe.Emitter, dir string, atLaunch bool) (Program, []packit.Layer, error) {
	i := &installation{Request: r, context: context, env: env, log: log, dir: dir}
	host, err := targets.Host()
	if err != nil {
		return Program{}, nil, err
	}
	log.Process("Choosing %s %s (%s)", r.Manager, r.Version, r.Source)
	name := cmp.Or(r.layer, r.Manager)
	program, layer, err := i.install(name, host)
	if err != nil {
		return Program{}, nil, err
	}
	layer.Build, layer.Cache = true, true
	layers := []packit.Layer{layer}
	if r.layer == "" && (atLaunch || requiredAtLaunch(context.Plan, r.Manager)) {
		target, err := targets.FromEnv(env.Get)
		if err != nil {
			return Program{}, nil, err
		}
		_, layer, err := i.install(r.Manager+LaunchSuffix, target)
		if err != nil {
			return Program{}, nil, err
		}
		layer.Launch = true
		layers = append(layers, layer)
	}
	log.Break()
	return program, layers, nil
}

// requiredAtLaunch reports whether another buildpack requires the manager itself
// in the app image.
func requiredAtLaunch(plan packit.BuildpackPlan, manager string) bool {
	for _, entry := range plan.Entries {
		if launch, _ := entry.Metadata["launch"].(bool); entry.Name == manager && launch {
			return true
		}
	}
	return false
}

// install makes one layer.
func (i *installation) install(name string, host targets.Target) (Program, packit.Layer, error) {
	if i.path != "" {
		return i.installVendored(name)
	}
	version, err := semver.StrictNewVersion(i.Version)
	if err != nil {
		return Program{}, packit.Layer{}, err
	}
	packages, node, err := i.packages(version, host)
	if err != nil {
		return Program{}, packit.Layer{}, err
	}
	native := managerreleases.Native(i.Manager, version)
	if !native {
		if err := i.checkNode(node); err != nil {
			return Program{}, packit.Layer{}, err
		}
	}
	layer, err := i.layer(name, identity(i.Request, packages), func(dir string) error { return i.unpackAll(packages, native, dir) })
	if err != nil {
		return Program{}, packit.Layer{}, err
	}
	return i.program(layer, native), layer, nil
}

// identity is what a layer with a program is made of.
func identity(r Request, packages []managerreleases.Package) string {
	text := fmt.Sprintf("%s %s %s", r.Manager, r.Version, r.digest)
	for _, p := range packages {
		text += " " + p.Checksum.String()
	}
	return text
}

// identityKey is the key of the identity in the layer's metadata.
const identityKey = "program"

// layer returns the layer with that name, and lets fill make its content, unless
// it has the same program.
func (i *installation) layer(name, identity string, fill func(dir string) error) (packit.Layer, error) {
	layer, err := i.context.Layers.Get(name)
	if err != nil {
		return packit.Layer{}, err
	}
	_, missing := os.Stat(filepath.Join(layer.Path, "bin", i.Manager))
	if layer.Metadata[identityKey] == identity && (missing == nil || strings.HasSuffix(name, LaunchSuffix)) { // what is only for the launch is not restored
		i.log.Subprocess("Reusing cached layer %s", layer.Path)
		return layer, nil
	}
	if layer, err = layer.Reset(); err != nil {
		return packit.Layer{}, err
	}
	if err := fill(layer.Path); err != nil {
		return packit.Layer{}, errors.Join(err, os.RemoveAll(layer.Path))
	}
	layer.Metadata = map[string]any{identityKey: identity}
	return layer, nil
}

// program describes the program in a layer.
func (i *installation) program(layer packit.Layer, native bool) Program {
	p := Program{Manager: i.Manager, Version: i.Version, Dir: layer.Path}
	p.Argv = []string{filepath.Join(p.Bin(), i.Manager)}
	if !native {
		p.Argv = append([]string{buildplan.Node}, p.Argv...)
	}
	return p
}

// packages returns the packages of a version for a host, and the range of Node.js
// that it runs on: from the table, or from the registry.
func (i *installation) packages(version *semver.Version, host targets.Target) (all []managerreleases.Package, node string, err error) {
	if release, known := managerreleases.Known().Find(i.Manager, version); known {
		if found, ok := release.For(host); ok {
			return found, release.Node, nil
		}
	}
	if err := i.openRegistry(); err != nil {
		return nil, "", err
	}
	for _, name := range managerreleases.Names(i.Manager, version, host) {
		p, needs, err := i.registry.look(context.Background(), name, version.String())
		if err != nil {
			return nil, "", i.orNotPackaged(managerreleases.Package{Name: name, Version: version.String()}, err)
		}
		all = append(all, p)
		node = needs
	}
	return all, node, nil
}

// openRegistry reads npm's configuration.
func (i *installation) openRegistry() (err error) {
	if i.registry != nil {
		return nil
	}
	binding := ""
	if npmrc.Global(i.env) == "" { // which goes before the binding
		found, err := bindings.Find(servicebindings.NewResolver(), i.context.Platform.Path, npmrc.BindingType)
		if err != nil {
			return err
		}
		if binding, err = npmrc.Binding(found); err != nil {
			return err
		}
	}
	i.registry, err = newRegistry(i.env, i.log, i.context.Platform.Path, i.dir, binding)
	return err
}
