//go:build linux

// Package order finds the buildpacks that a build is to use instead of the
// builder's order, or around it, and puts them beside the builder's own.
//
// The names mean what they mean to pack: an id of the builder's, a folder, an
// archive, a buildpackage, from=builder.
package order

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/rootfs"
)

// Dir and OrderFile are where the lifecycle looks in a builder (Platform API,
// "CNB_BUILDPACKS_DIR" and "CNB_ORDER_PATH").
const (
	Dir       = "/cnb/buildpacks"
	OrderFile = "/cnb/order.toml"
)

// Locator is one buildpack, as somebody named it.
type Locator struct {
	Name   string  // id[@version], from=builder, a path, or docker://REFERENCE
	Inline *Script // a buildpack of one script; Name is its id[@version] then

	Base   string // what a relative path is below
	Inside bool   // whether a path has to lead into Base, as that of an app has to
}

// Request is what a build is to use. The zero value asks for nothing but the
// builder's order.
type Request struct {
	Buildpacks []Locator // in place of the builder's order
	Pre, Post  []Locator // before and after it, unless Buildpacks are there
}

// Empty says whether the builder's order stays as it is.
func (w Request) Empty() bool { return len(w.Buildpacks)+len(w.Pre)+len(w.Post) == 0 }

// Names are those of all that is asked for, in the order that it builds in.
func (w Request) Names() (names []string) {
	for _, l := range slices.Concat(w.Pre, w.Buildpacks, w.Post) {
		names = append(names, l.Name)
	}
	return names
}

// Ref is a buildpack's place in an order (Distribution spec, "order").
type Ref struct {
	ID       string `toml:"id"`
	Version  string `toml:"version"`
	Optional bool   `toml:"optional,omitempty"`
}

// Group is a list of buildpacks that are tried together.
type Group struct {
	Refs []Ref `toml:"group"`
}

// Plan is what a request comes to with a builder.
type Plan struct {
	Order   []Group
	Fetched []Fetched // what is not the builder's, in the order in which it was named
	added   []module  // not the builder's
	root    string    // the builder's root file system
}

// Fetched is a buildpack, or a package of several, that is not the builder's.
type Fetched struct {
	Name   string // as somebody named it
	Digest string // "sha256:…" of a buildpackage's manifest, or of a folder's files as [source.Digest] makes it
}

// module is a buildpack, unpacked.
type module struct {
	Ref
	dir string
}

// Resolve finds all buildpacks of a request. Those that are not the builder's,
// whose root file system is in the folder root, are unpacked into new folders
// below work; of a buildpackage for several platforms the host's is taken. Those
// in registries are asked for with registries, and what an app's own descriptor
// names there without credentials. What somebody named wrong is a
// [*failure.Failure].
func (w Request) Resolve(ctx context.Context, root, work string, host targets.Target, registries images.Registries) (*Plan, error) {
	own, err := readBuilder(root)
	if err != nil {
		return nil, err
	}
	f := &finder{ctx: ctx, builder: own, work: work, host: host, registries: registries}
	order, err := f.instead(w.Buildpacks)
	if err == nil && len(order) == 0 {
		order, err = f.around(w.Pre, w.Post)
	}
	return &Plan{Order: order, Fetched: f.fetched, added: f.added, root: root}, err
}

// Write puts all buildpacks, the builder's and the others, into the folder dir,
// which must be there, empty, and on the file system of both, and the order
// into a file. Files of the builder's are shared, but not those that the given
// user, of the given group, could write to.
func (p *Plan) Write(dir, orderFile string, user, group int) error {
	if err := rootfs.Clone(filepath.Join(p.root, Dir), dir, user, group); err != nil {
		return fmt.Errorf("copying the builder's buildpacks: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	for _, m := range p.added {
		to := filepath.Join(dir, folderOf(m.ID), m.Version)
		if err := os.RemoveAll(to); err != nil { // the builder's of the same version
			return err
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Rename(m.dir, to); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(map[string][]Group{"order": p.Order}); err != nil {
		return err
	}
	return os.WriteFile(orderFile, text.Bytes(), 0o644)
}

// folderOf is the folder of a buildpack's versions below [Dir].
func folderOf(id string) string { return strings.ReplaceAll(id, "/", "_") }

// builder is what a builder has.
type builder struct {
	order []Group
	refs  []Ref // of all its buildpacks
}

func readBuilder(dir string) (builder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return builder{}, err
	}
	defer root.Close()
	for _, at := range []string{"cnb", strings.TrimPrefix(Dir, "/")} {
		if info, err := root.Lstat(at); err != nil || !info.IsDir() {
			return builder{}, fmt.Errorf("the builder has no folder /%s", at)
		}
	}
	text, err := regular.Read(root, strings.TrimPrefix(OrderFile, "/"), maxTOML)
	if err != nil {
		return builder{}, fmt.Errorf("reading the builder's order: %w", err)
	}
	var b builder
	var file struct {
		Order []Group `toml:"order"`
	}
	if err := toml.Unmarshal(text, &file); err != nil {
		return b, fmt.Errorf("reading the builder's order: %w", err)
	}
	b.order = file.Order
	found, err := modulesIn(root, strings.TrimPrefix(Dir, "/"))
	for _, m := range found {
		b.refs = append(b.refs, m.Ref)
	}
	return b, err
}

// modulesIn finds the buildpacks in a folder like [Dir], which is relative to
// root. Their folders are relative to root, too.
func modulesIn(root *os.Root, dir string) (found []module, err error) {
	paths, err := fs.Glob(root.FS(), dir+"/*/*/buildpack.toml")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		at := filepath.Dir(path)
		m, err := readModule(root, at)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		if want := filepath.Join(dir, folderOf(m.ID), m.Version); at != want {
			return nil, fmt.Errorf("%s holds %s, want it in %s", at, m.Ref, want)
		}
		found = append(found, m)
	}
	return found, nil
}

// maxTOML is the most bytes of a file that says what a buildpack or builder is.
const maxTOML = 4 << 20

// readModule reads which buildpack is in a folder, relative to root.
func readModule(root *os.Root, dir string) (module, error) {
	text, err := regular.Read(root, filepath.Join(dir, "buildpack.toml"), maxTOML)
	if err != nil {
		return module{}, err
	}
	var file struct {
		Buildpack Ref `toml:"buildpack"`
	}
	if err := toml.Unmarshal(text, &file); err != nil {
		return module{}, fmt.Errorf("reading buildpack.toml: %w", err)
	}
	return module{Ref: Ref{ID: file.Buildpack.ID, Version: file.Buildpack.Version}, dir: dir}, file.Buildpack.check()
}

// check refuses ids and versions that could not be folders of their own
// (Buildpack spec, "buildpack.toml").
func (r Ref) check() error {
	for _, part := range append(strings.Split(r.ID, "/"), r.Version) {
		if part == "" || part == "." || part == ".." || strings.ContainsFunc(part, notInNames) {
			return fmt.Errorf("buildpack.toml has the id %q and the version %q: want letters, digits, . and - in both, and / in the id", r.ID, r.Version)
		}
	}
	return nil
}

func notInNames(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-+_", r))
}

func (r Ref) String() string { return r.ID + "@" + r.Version }

// find returns the builder's buildpack for id[@version].
func (b builder) find(name string) (Ref, error) {
	id, version, _ := strings.Cut(name, "@")
	var fits []Ref
	for _, ref := range b.refs {
		if ref.ID == id && (version == "" || version == ref.Version) {
			fits = append(fits, ref)
		}
	}
	switch len(fits) {
	case 1:
		return fits[0], nil
	case 0:
		return Ref{}, notFound(name, errors.New("it is no file, and the builder has "+list(b.refs)))
	}
	return Ref{}, notFound(name, errors.New("the builder has several: "+list(fits)))
}

func list(refs []Ref) string {
	var names []string
	for _, ref := range refs {
		names = append(names, ref.String())
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func notFound(name string, err error) error {
	return &failure.Failure{
		ID: "buildpack-not-found", Cause: fmt.Sprintf("there is no buildpack %q", name), Err: err,
		Remedy: "name one of the builder's as id@version, the path of a folder, an archive or a buildpackage, docker://REFERENCE, or from=builder.",
	}
}

func unusable(name string, err error) error {
	return &failure.Failure{
		ID: "buildpack-unusable", Cause: fmt.Sprintf("the buildpack %q cannot be used", name), Err: err,
		Remedy: "name a folder or a .tgz with buildpack.toml and bin/ in it, or a buildpackage, as pack buildpack package makes it.",
	}
}
