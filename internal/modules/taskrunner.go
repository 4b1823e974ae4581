package modules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/taskrunner"
)

// TaskCache is the name of the layer in which a monorepo's task runner keeps what
// build scripts made, for the next build and for other projects of the same folder.
const TaskCache = "task-cache"

// maxTaskCache is the size in bytes above which that layer starts empty again: the
// runners remove nothing.
const maxTaskCache = 1 << 30

// taskCache is the layer during one build.
type taskCache struct {
	runner taskrunner.Runner
	layer  packit.Layer
	open   bool
}

// openTaskCache empties the restored layer unless its results are for the same target,
// programs and variables, of which the runner does not know all.
func (i *installer) openTaskCache() (err error) {
	c := &i.tasks
	if c.runner, c.open, err = taskrunner.Find(i.project.Dir, i.project.Root); err != nil || !c.open {
		return err
	}
	if c.layer, err = i.context.Layers.Get(TaskCache); err != nil {
		return err
	}
	identity, err := i.taskIdentity()
	if err != nil {
		return err
	}
	size, err := sizeOf(c.layer.Path)
	if err != nil {
		return err
	}
	if c.layer.Metadata[keyMetadata] != identity || size > maxTaskCache {
		if c.layer, err = c.layer.Reset(); err != nil {
			return err
		}
	}
	c.layer.Metadata = map[string]any{keyMetadata: identity}
	c.layer.Launch, c.layer.Build, c.layer.Cache = false, false, true
	if size > 0 {
		i.log.Process("Keeping what %s made in builds before (%s)", c.runner.Name, TaskCache)
		i.log.Break()
	}
	return os.MkdirAll(c.layer.Path, 0o755)
}

// taskIdentity is a digest of what decides on the result of a script besides the
// app's files.
func (i *installer) taskIdentity() (string, error) {
	key, err := i.manager.Key()
	if err != nil {
		return "", fmt.Errorf("reading what the layer %s depends on: %w", TaskCache, err)
	}
	variables, err := i.userVariables()
	if err != nil {
		return "", fmt.Errorf("reading what the layer %s depends on: %w", TaskCache, err)
	}
	variables = slices.DeleteFunc(variables, func(pair string) bool { return strings.HasPrefix(pair, settings.ProjectPath+"=") })
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q %q %q", i.target, key.Versions, variables, i.env.Get("NODE_ENV")))
	return hex.EncodeToString(sum[:]), nil
}

// closeTaskCache removes what the runner wrote into the app, and returns the layer.
func (i *installer) closeTaskCache() ([]packit.Layer, error) {
	if !i.tasks.open {
		return nil, nil
	}
	for _, place := range i.tasks.runner.Written(i.project.Lock.Folders()) {
		if !filepath.IsLocal(place) {
			continue
		}
		if err := tree.Remove(filepath.Join(i.project.Dir, place)); err != nil {
			return nil, fmt.Errorf("removing what %s left in the app: %w", i.tasks.runner.Name, err)
		}
	}
	return []packit.Layer{i.tasks.layer}, nil
}

// sizeOf returns the bytes of a folder's files, 0 if it does not exist.
func sizeOf(dir string) (size int64, err error) {
	if !tree.Exists(dir) {
		return 0, nil
	}
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}

// viaTaskRunner replaces the default build scripts of a workspace and of those that it
// depends on by a call of the monorepo's task runner, which also runs the other tasks
// that these need, and passes over what it has the result of.
func (e *engine) viaTaskRunner(scripts []Script) ([]Script, error) {
	isDefault := !slices.ContainsFunc(scripts, func(s Script) bool { return s.Name != defaultScript })
	if e.project.Workspace == "" || len(scripts) == 0 || !isDefault || e.env.Get(settings.RunScripts) != "" {
		return scripts, nil
	}
	runner, found, err := taskrunner.Find(e.project.Dir, e.project.Root)
	if err != nil || !found {
		return scripts, err
	}
	args, ok := runner.Build(e.project.Root, e.project.Package)
	if !ok {
		return scripts, nil
	}
	call := packagejson.Package{Name: e.project.Root.Name, Scripts: map[string]string{runner.Name: strings.Join(append([]string{runner.Name}, args...), " ")}}
	return []Script{{Package: call, Name: runner.Name, Args: args}}, nil
}
