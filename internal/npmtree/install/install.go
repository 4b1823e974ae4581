// Package install makes the tree that package npmtree works out.
package install

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/internal/files/executable"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/npmregistry"
	"github.com/armature-cnb/armature/internal/npmtree"
	"github.com/armature-cnb/armature/internal/npmtree/unpack"
)

// workers is how many packages are fetched and unpacked at a time.
const workers = 32

// Into installs a tree into a project's folder. It removes what is in the
// project's node_modules first, as `npm ci` does. A tree that cannot be made as npm
// would is a [npmtree.Handover]: npm then begins from nothing again, so that what
// is there already does no harm. A full disk is a [failure.Failure].
// Kept is the tree of an earlier install, with its note; nil if nobody keeps any.
func Into(ctx context.Context, dir string, t npmtree.Tree, archives *npmregistry.Archives, kept *Kept) error {
	i := installer{dir: dir, tree: t, archives: archives, kept: kept}
	for _, step := range []func(context.Context) error{i.checkIntegrities, i.checkAddresses, i.clear, i.unpack, i.link, i.linkPrograms, i.finish} {
		if err := step(ctx); err != nil {
			return i.explain(err)
		}
	}
	return nil
}

type installer struct {
	dir      string
	tree     npmtree.Tree
	archives *npmregistry.Archives
	kept     *Kept

	umask   fs.FileMode
	earlier map[string]noted  // what is in the tree of before, by place
	taken   map[string]string // places to places in the tree of before
	lock    sync.Mutex        // of notes
	notes   map[string]noted
}

// explain turns an error into one of [Into]'s.
func (i *installer) explain(err error) error {
	var fault *failure.Failure
	switch {
	case diskfull.Is(err):
		return tree.DiskFull("the disk is full while installing packages into "+i.dir, err)
	case errors.As(err, &fault):
		return fault
	}
	return &npmtree.Handover{Reason: err.Error()}
}

// checkIntegrities requires an integrity of every package that can be checked,
// before anything is fetched.
func (i *installer) checkIntegrities(context.Context) error {
	for _, p := range i.tree.Packages {
		if _, err := npmregistry.Integrity(p.Integrity); err != nil {
			return fmt.Errorf("%s: %w", p.Place, err)
		}
	}
	return nil
}

// checkAddresses requires addresses in the registry, if npm does.
func (i *installer) checkAddresses(context.Context) error {
	for _, p := range i.tree.Packages {
		if i.tree.OnlyRegistry && p.Address != "" && p.File == "" && !i.archives.Registry.Has(p.Folder(), p.Address) {
			return fmt.Errorf("%s is from an address outside of npm's registry", p.Place)
		}
	}
	return nil
}

// clear removes what is in node_modules.
func (i *installer) clear(context.Context) error {
	for _, folder := range i.tree.Cleared {
		if err := i.withoutLinks(path.Dir(folder)); err != nil {
			return err
		}
		place := filepath.Join(i.dir, folder)
		info, err := os.Lstat(place)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return fmt.Errorf("%s is no folder", folder)
		}
		entries, err := os.ReadDir(place)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if err := tree.Remove(filepath.Join(place, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// withoutLinks requires that a path in the project, and all above it, are folders if
// they are there. What is installed must not follow a link.
func (i *installer) withoutLinks(place string) error {
	for ; place != "."; place = path.Dir(place) {
		info, err := os.Lstat(filepath.Join(i.dir, place))
		if err == nil && !info.IsDir() {
			return fmt.Errorf("%s is no folder", place)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// unpack fetches and unpacks all packages, in empty folders: there may be files in
// the node_modules of a linked folder.
func (i *installer) unpack(ctx context.Context) error {
	for _, p := range i.tree.Packages {
		if err := i.withoutLinks(path.Dir(p.Place)); err != nil {
			return err
		}
		if err := tree.Remove(filepath.Join(i.dir, p.Place)); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(i.dir, p.Place), 0o777); err != nil {
			return err
		}
	}
	if err := i.assign(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for _, p := range i.tree.Packages {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := i.unpackOne(ctx, p); err != nil {
				return fmt.Errorf("%s: %w", p.Place, err)
			}
			return nil
		})
	}
	return errors.Join(group.Wait(), i.writeNote())
}

func (i *installer) unpackOne(ctx context.Context, p npmtree.Package) error {
	if done, err := i.take(p); done || err != nil {
		return err
	}
	sum, err := npmregistry.Integrity(p.Integrity)
	if err != nil {
		return err
	}
	archive := filepath.Join(i.dir, p.File)
	if p.File == "" {
		archive, err = i.archives.Get(ctx, npmregistry.Wanted{Name: p.Name, Version: p.Version, Address: p.Address, Checksum: sum})
	} else {
		err = sum.Verify(archive)
	}
	if err != nil {
		return err
	}
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	content, err := unpack.Into(filepath.Join(i.dir, p.Place), file, programsOf(p), i.kept != nil)
	if err != nil {
		return err
	}
	i.remember(p, content)
	return i.checkBundled(p)
}

// checkBundled requires the bundled packages that the lockfile has.
func (i *installer) checkBundled(p npmtree.Package) error {
	for _, b := range p.Bundled {
		text, err := packagejson.ReadText(filepath.Join(i.dir, b.Place))
		if err != nil {
			return fmt.Errorf("its archive lacks %s", b.Place)
		}
		var found struct{ Name, Version string }
		if err := json.Unmarshal(text, &found); err != nil {
			return fmt.Errorf("its archive has %s without a name and a version", b.Place)
		}
		if found.Version != b.Version || found.Name != b.Name {
			return fmt.Errorf("its archive has %s@%s as %s, and the lockfile has %s@%s", found.Name, found.Version, b.Place, b.Name, b.Version)
		}
	}
	return nil
}

// link links the project's folders.
func (i *installer) link(context.Context) error {
	for _, l := range i.tree.Links {
		if err := i.symlink(l.To, l.Place); err != nil {
			return err
		}
	}
	return nil
}

// symlink makes a relative link between paths in the project.
func (i *installer) symlink(to, place string) error {
	if err := i.withoutLinks(path.Dir(place)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(i.dir, path.Dir(place)), 0o777); err != nil {
		return err
	}
	rel, err := filepath.Rel(path.Dir(place), to)
	if err != nil {
		return err
	}
	link := filepath.Join(i.dir, place)
	if err := os.RemoveAll(link); err != nil {
		return err
	}
	return os.Symlink(rel, link)
}

// linkPrograms links programs that are there, and makes them executable.
func (i *installer) linkPrograms(context.Context) error {
	for _, p := range i.tree.Programs {
		target := filepath.Join(i.dir, p.Target)
		if _, err := os.Lstat(target); err != nil {
			continue
		}
		if err := i.symlink(p.Target, p.Link); err != nil {
			return err
		}
		if err := executable.Fix(target); err != nil {
			return err
		}
		if p.Remove {
			if err := os.Remove(filepath.Join(i.dir, p.Link)); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish makes the folders that npm leaves behind, and writes its record last: it
// has to be newer than everything else.
func (i *installer) finish(context.Context) error {
	for _, folder := range i.tree.Folders {
		if err := os.MkdirAll(filepath.Join(i.dir, folder), 0o777); err != nil {
			return err
		}
	}
	record, err := i.tree.Record()
	if err != nil || record == nil {
		return err
	}
	return os.WriteFile(filepath.Join(i.dir, "node_modules", npmtree.RecordFile), record, 0o666)
}
