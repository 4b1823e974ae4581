package programs

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/archive"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// content is the folder of a layer with the packages.
const content = "lib"

// unpackAll fetches and unpacks the packages into a layer, and makes the commands.
func (i *installation) unpackAll(packages []managerreleases.Package, native bool, dir string) error {
	to := filepath.Join(dir, content)
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for n, p := range packages {
		if err := i.unpack(p, n == 0, native, to); err != nil {
			return err
		}
	}
	return i.link(dir, commandsOf(i.Manager, native))
}

// unpack unpacks one package. The first is the one that packageManager's hash is
// of. The shell of a native pnpm has a launcher in the place of the program, which
// would fetch one.
func (i *installation) unpack(p managerreleases.Package, first, native bool, to string) error {
	path, discard, err := i.fetch(p)
	if err != nil {
		return err
	}
	defer discard()
	if first && !i.hashesFile() {
		if err := i.checkDigest(path); err != nil {
			return err
		}
	}
	selection := archive.Selection{Dirs: map[string]string{"": ""}}
	if i.Manager == packagemanager.PNPM && native {
		if first {
			selection.Skip = func(name string) bool { return name == "pnpm" || name == "pnpx" }
		} else {
			selection = archive.Selection{Files: map[string]string{"pnpm": "pnpm"}}
		}
	}
	if err := archive.Unpack(context.Background(), path, to, selection); err != nil {
		return fmt.Errorf("unpacking %s %s: %w", p.Name, p.Version, err)
	}
	if first && i.hashesFile() {
		return i.checkDigest(filepath.Join(to, "bin", "yarn.js"))
	}
	return nil
}

// fetch returns the archive of a package: the buildpack's own, or the registry's.
func (i *installation) fetch(p managerreleases.Package) (path string, discard func(), err error) {
	path = filepath.Join(i.context.CNBPath, baked, p.Checksum.FileName())
	if err := p.Checksum.Verify(path); err == nil {
		return path, func() {}, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", nil, asFailure(p, err)
	}
	if err := i.openRegistry(); err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", i.Manager+"-")
	if err != nil {
		return "", nil, err
	}
	discard = func() { os.RemoveAll(dir) }
	path = filepath.Join(dir, p.Checksum.FileName())
	if err := i.registry.download(context.Background(), p, path); err != nil {
		discard()
		return "", nil, i.orNotPackaged(p, err)
	}
	return path, discard, nil
}

// hashesFile reports whether the hash in packageManager is of Yarn's file, as
// corepack has it, and not of the archive.
func (i *installation) hashesFile() bool {
	return i.Manager == packagemanager.Yarn && !strings.HasPrefix(i.Version, "1.")
}

// algorithms are those that corepack writes or reads.
var algorithms = map[string]func() hash.Hash{
	"sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
}

// checkDigest compares a file with the hash in packageManager. Another one is a
// [failure.Failure] with the id package-manager-hash-mismatch.
func (i *installation) checkDigest(path string) error {
	if i.digest == "" {
		return nil
	}
	wrong := func(got string) error {
		return &failure.Failure{
			ID:    "package-manager-hash-mismatch",
			Cause: fmt.Sprintf("%s has the hash %s for %s %s, and the registry's program has %s", i.Source, i.digest, i.Manager, i.Version, got),
			Remedy: fmt.Sprintf("find out which of the two is wrong: `corepack use %s@%s` in the project's folder writes the hash anew. "+
				"Do not take it away only to build: the program is not used.", i.Manager, i.Version),
		}
	}
	algorithm, want, _ := strings.Cut(i.digest, ".")
	if algorithms[algorithm] == nil {
		return wrong("no hash of that kind; want sha224, sha256 or sha512, a full stop, and hex digits")
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	h := algorithms[algorithm]()
	if _, err := io.Copy(h, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); !strings.EqualFold(got, want) {
		return wrong(algorithm + "." + got)
	}
	return nil
}

// link makes the folder with the commands.
func (i *installation) link(dir string, commands []command) error {
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	for _, one := range commands {
		file, err := one.locate(filepath.Join(dir, content))
		if err != nil {
			return fmt.Errorf("installing %s %s: %w", i.Manager, i.Version, err)
		}
		if err := os.Chmod(file, 0o755); err != nil {
			return err
		}
		to, err := filepath.Rel(bin, file)
		if err != nil {
			return err
		}
		if err := os.Symlink(to, filepath.Join(bin, one.name)); err != nil {
			return err
		}
	}
	return nil
}

// installVendored copies the app's own program into a layer, because the app may
// leave it out of its image, and asks it for its version.
func (i *installation) installVendored(name string) (p Program, layer packit.Layer, err error) {
	digest, err := tree.FileDigest(i.path)
	if err != nil {
		return p, layer, err
	}
	layer, err = i.layer(name, i.Manager+" "+digest, func(dir string) error {
		to := filepath.Join(dir, content, "bin", "yarn.js")
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := tree.CopyFile(i.path, to); err != nil {
			return err
		}
		return i.link(dir, commandsOf(i.Manager, false))
	})
	if err != nil {
		return p, layer, err
	}
	p = i.program(layer, false)
	if strings.HasSuffix(name, LaunchSuffix) { // the build has asked
		return p, layer, nil
	}
	p.Version, err = i.askVersion(p)
	i.log.Subprocess("%s is %s %s", i.Source, i.Manager, p.Version)
	return p, layer, err
}
