//go:build linux

// Package order finds the buildpacks that replace or surround the builder's
// order, and puts them beside the builder's own.
//
// It takes the same names as pack: an id of the builder's, a folder, an archive,
// a buildpackage, from=builder.
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

// Dir and OrderFile are the paths of a builder's buildpacks and order (Platform
// API, "CNB_BUILDPACKS_DIR" and "CNB_ORDER_PATH").
const (
	Dir       = "/cnb/buildpacks"
	OrderFile = "/cnb/order.toml"
)

// Locator names a buildpack.
type Locator struct {
	Name   string  // id[@version], from=builder, a path, or docker://REFERENCE
	Inline *Script // a script as buildpack; Name is then its id[@version]

	Base   string // base of a relative path
	Inside bool   // the path must be inside Base, as for an app's own descriptor
}

// Request are the buildpacks to use. The zero value keeps the builder's order.
type Request struct {
	Buildpacks []Locator // replace the builder's order
	Pre, Post  []Locator // before and after it; ignored with Buildpacks
}

// Empty reports whether the builder's order stays as it is.
func (w Request) Empty() bool { return len(w.Buildpacks)+len(w.Pre)+len(w.Post) == 0 }

// Names returns the names of all requested buildpacks, in build order.
func (w Request) Names() (names []string) {
	for _, l := range slices.Concat(w.Pre, w.Buildpacks, w.Post) {
		names = append(names, l.Name)
	}
	return names
}

// Ref is a buildpack in an order (Distribution spec, "order").
type Ref struct {
	ID       string `toml:"id"`
	Version  string `toml:"version"`
	Optional bool   `toml:"optional,omitempty"`
}

// Group is a list of buildpacks that detect together.
type Group struct {
	Refs []Ref `toml:"group"`
}

// Plan is a request resolved with a builder.
type Plan struct {
	Order   []Group
	Fetched []Fetched // not from the builder, in the order of their names
	added   []module  // not from the builder
	root    string    // the builder's root file system
}

// Fetched is a buildpack or buildpackage that does not come from the builder.
type Fetched struct {
	Name   string // as the user named it
	Digest string // "sha256:…" of a buildpackage's manifest, or [source.Digest] of a folder
}

// module is an unpacked buildpack.
type module struct {
	Ref
	dir string
}

// Resolve finds all buildpacks of a request. It unpacks those that do not come
// from the builder, whose root file system is root, into new folders below work;
// from a multi-platform buildpackage it takes the host's. Registries is used for
// those in registries; for those of an app's own descriptor, without credentials.
// A user's mistake is a [*failure.Failure].
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
// which must be empty and on the same file system, and writes the order to a
// file. Files of the builder's are hard links, except those that the given user
// or group could write to.
func (p *Plan) Write(dir, orderFile string, user, group int) error {
	if err := rootfs.Clone(filepath.Join(p.root, Dir), dir, user, group); err != nil {
		return fmt.Errorf("copying the builder's buildpacks: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	for _, m := range p.added {
		to := filepath.Join(dir, folderOf(m.ID), m.Version)
		if err := os.RemoveAll(to); err != nil { // replaces the builder's of the same version
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

// folderOf returns a buildpack's folder below [Dir], which has a subfolder for
// each version.
func folderOf(id string) string { return strings.ReplaceAll(id, "/", "_") }

// builder is the content of a builder.
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
// root, as the results are.
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

// maxTOML is the maximal size in bytes of a buildpack's or builder's descriptor.
const maxTOML = 4 << 20

// readModule reads the buildpack in a folder, relative to root.
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

// check refuses ids and versions that are no valid folder names (Buildpack spec,
// "buildpack.toml").
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
