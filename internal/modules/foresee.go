package modules

import (
	"io"
	"path/filepath"
	"slices"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/appfolder"
	"github.com/armature-cnb/armature/internal/appfolder/dockerignore"
	"github.com/armature-cnb/armature/internal/appfolder/gitfolder"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/tree"
)

// Foreseen is what a build is going to do, as far as that is known before it.
type Foreseen struct {
	Project *Project
	Install []Script // the project's install scripts; not all managers run all of them in the same order
	Build   []Script // the build scripts, in order
	Source  string   // what names the build scripts
	LeftOut []LeftOut
}

// LeftOut is a file or folder of the app that does not get into the image.
type LeftOut struct{ Place, Why string }

// Foresee reads a project as [Build] does, and changes nothing.
func Foresee(env environ.List, manager Manager, app string) (f Foreseen, err error) {
	log := scribe.NewEmitter(io.Discard)
	e := &engine{context: packit.BuildContext{WorkingDir: app}, env: env, log: log, manager: manager}
	if e.settings, err = readSettings(env.Get); err != nil {
		return f, err
	}
	if err = e.readProject(); err != nil {
		return f, err
	}
	if _, err = manager.Inspect(e.project); err != nil {
		return f, err
	}
	scripts, err := e.planScripts()
	if err != nil {
		return f, err
	}
	f = Foreseen{Project: e.project, Source: e.scriptSource()}
	for _, one := range scripts {
		if one.Install {
			f.Install = append(f.Install, one)
		} else {
			f.Build = append(f.Build, one)
		}
	}
	for _, name := range OwnScripts(e.project.Root, manager.Words().InstallScripts) {
		f.Install = append(f.Install, Script{Package: e.project.Root, Name: name, Install: true})
	}
	f.LeftOut, err = e.leftOut()
	return f, err
}

// leftOut lists what the build removes from the app's folder.
func (e *engine) leftOut() (all []LeftOut, err error) {
	app := e.project.App
	folder, err := appfolder.Open(app, e.env.Get, e.log)
	if err != nil {
		return nil, err
	}
	if tree.Exists(filepath.Join(app, gitfolder.Name)) && !folder.KeepsGit() {
		all = append(all, LeftOut{gitfolder.Name, "it is git's own"})
	}
	ignored, modules, err := e.ignored()
	if err != nil {
		return nil, err
	}
	var kept, gone []string
	for _, one := range modules.Folders() {
		if !one.Goes() {
			if modules.Ignores(one.Place) {
				kept = append(kept, one.Place)
			}
			continue
		}
		gone = append(gone, one.Place)
		if filled, err := tree.IsFilled(one.Dir); err == nil && filled {
			all = append(all, LeftOut{one.Place, one.Out + ", and " + modules.Lockfile() + " says what belongs there"})
		}
	}
	configuration, later := e.later(ignored)
	spared := e.spared(modules, configuration, kept)
	removed, err := ignored.Removes(app, func(place string) bool { return slices.Contains(gone, place) || spared(place) })
	for _, place := range append(removed, later...) {
		all = append(all, LeftOut{place, dockerignore.Name + " names it"})
	}
	return all, err
}
