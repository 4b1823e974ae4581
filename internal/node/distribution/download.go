package distribution

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/node/inventory"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// download tries the sources that the setting allows.
func (f *Finder) download(ctx context.Context, needs []Need) ([]Found, error) {
	if f.Source != Auto {
		found, err := f.from(ctx, f.Source, needs)
		return found, asFailure(err)
	}
	found, err := f.from(ctx, NodeJSOrg, needs)
	if !elsewhere(err) || ctx.Err() != nil {
		return found, asFailure(err)
	}
	f.log("nodejs.org is not used: %s", err)
	found, fallbackErr := f.from(ctx, NPM, needs)
	if fallbackErr == nil {
		return found, nil
	}
	return nil, bothFailed(err, fallbackErr)
}

// elsewhere reports whether to try another source: this one is unreachable, or
// lacks a release. Wrong bytes and refusals are final.
func elsewhere(err error) bool {
	var lacking *lackingError
	var unreachable *fetch.UnreachableError
	return errors.As(err, &unreachable) || errors.As(err, &lacking)
}

// lackingError is the error if a source lacks a release.
type lackingError struct {
	source string
	need   Need
}

func (e *lackingError) Error() string {
	return fmt.Sprintf("the source %s has no Node.js %s for %s", e.source, e.need.Release.Version, e.need.Release.Target)
}

// from downloads the files for the needs from one source.
func (f *Finder) from(ctx context.Context, source string, needs []Need) ([]Found, error) {
	all := map[string]inventory.Pin{} // by file name, so that each is downloaded once
	for _, need := range needs {
		wanted := pins(source, need)
		if len(wanted) == 0 {
			return nil, &lackingError{source, need}
		}
		for _, pin := range wanted {
			all[pin.Checksum.FileName()] = pin
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	client := f.narrated()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		group.Go(func() error { return f.file(ctx, client, all[name], filepath.Join(f.Dir, name)) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	result := make([]Found, len(needs))
	for i, need := range needs {
		var paths []string
		for _, pin := range pins(source, need) {
			paths = append(paths, filepath.Join(f.Dir, pin.Checksum.FileName()))
		}
		result[i] = foundAt(source, need, paths)
	}
	return result, nil
}

// file ensures that the pinned file is at path.
func (f *Finder) file(ctx context.Context, client *fetch.Client, pin inventory.Pin, path string) error {
	if pin.Checksum.Verify(path) == nil {
		return nil
	}
	what, err := f.locate(pin)
	if err != nil {
		return err
	}
	f.log("Downloading %s", fetch.Redact(what.URL))
	begin := time.Now()
	if err := client.Download(ctx, what, path); err != nil || f.Downloaded == nil {
		return err
	}
	info, err := os.Stat(path)
	if err == nil {
		f.Downloaded(what, info.Size(), time.Since(begin))
	}
	return err
}

// locate returns the URL of a pinned file, and its credentials.
func (f *Finder) locate(pin inventory.Pin) (fetch.File, error) {
	file := fetch.File{Checksum: pin.Checksum}
	mapped, err := f.Rewrites.mapping(pin.Checksum)
	if err != nil || mapped != nil {
		file.URL = mapped
		return file, err
	}
	if pin.Package == "" {
		file.URL, err = f.Rewrites.mirror(pin.URI)
		return file, err
	}
	registry, err := f.Config.Registry()
	if err != nil {
		return file, registryUnknown(err)
	}
	if registry == nil {
		return file, registryUnknown(nil)
	}
	file.URL = npmrc.Tarball(registry, pin.Package, pin.Version)
	if header := f.Config.Authorization(file.URL); header != "" {
		file.Header = http.Header{"Authorization": {header}}
	}
	return file, nil
}
