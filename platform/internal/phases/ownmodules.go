//go:build linux

package phases

import (
	"context"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/modules/preview"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
	"github.com/armature-cnb/armature/platform/internal/source"
)

// copySource copies the app's files. If the build is certain to remove a
// developer's own modules, it copies next to nothing of them: they may be a
// gigabyte.
func (b *Build) copySource(ctx context.Context, to string) error {
	if b.Filter != nil || b.Env[settings.ProjectPath] != "" || !b.Buildpacks.Empty() || !removesOwnModules(b.root) {
		return source.Copy(ctx, b.App, to, b.Home.Dir, b.Filter)
	}
	return source.CopyWithout(ctx, b.App, to, b.Home.Dir, func() []string { return b.ownModules(to) })
}

// ownModules returns the folders of modules that the build removes from the app's
// copy, as paths; none if that is uncertain.
func (b *Build) ownModules(app string) []string {
	m, err := b.preview()
	if err != nil {
		return nil
	}
	env := environ.List(slices.Clone(b.builder.env))
	for name, value := range b.Env {
		env = env.With(name, value)
	}
	return m.DevelopersModules(app, env, b.Network == sandbox.None)
}

// removesOwnModules reports whether a build with an unpacked builder's order is
// certain to remove a developer's own modules, by the known rules, before it
// reads them: its order has only armature/nodejs, and the builder sets none of
// the relevant variables.
func removesOwnModules(root string) bool {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return false
	}
	defer dir.Close()
	var said struct {
		Order []struct {
			Group []struct{ ID, Version string }
		}
		Metadata struct {
			Rules int `toml:"removes-own-modules"`
		}
	}
	read := func(path string) bool {
		text, err := regular.Read(dir, path, maxSmallFile)
		return err == nil && toml.Unmarshal(text, &said) == nil
	}
	if !read("cnb/order.toml") || len(said.Order) != 1 || len(said.Order[0].Group) != 1 || said.Order[0].Group[0].ID != "armature/nodejs" {
		return false
	}
	if !read(path.Join("cnb/buildpacks/armature_nodejs", said.Order[0].Group[0].Version, "buildpack.toml")) {
		return false
	}
	own, err := fs.ReadDir(dir.FS(), "cnb/build-config/env")
	return said.Metadata.Rules == preview.Rules && (err == nil || os.IsNotExist(err)) && !slices.ContainsFunc(own, func(file fs.DirEntry) bool {
		name, _, _ := strings.Cut(file.Name(), ".") // NAME.default
		return slices.Contains(preview.ModulesSettings, strings.ToUpper(name))
	})
}

// preview reads what the build's copy of the app says of its modules.
func (b *Build) preview() (*preview.App, error) {
	view, err := b.work.Folder("manifests", 0o700)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(view)
	return preview.Read(b.Source(), view, func(name string) string { return b.Env[name] })
}
