//go:build linux

package platform

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/armature-cnb/armature/platform/internal/source"
)

// digestSource digests the copy of the app before the build changes it.
func (b *build) digestSource(ctx context.Context, copied string) (p Pinned, err error) {
	if p.Reference, err = filepath.Abs(b.App); err != nil || b.SkipSourceDigest {
		return p, err
	}
	if p.Digest, err = source.Digest(ctx, copied); err != nil {
		return p, fmt.Errorf("digesting the copy of the app: %w", err)
	}
	return p, nil
}

// SourceDigest returns the digest, "sha256:…", that a [Result] has for an app's
// folder of which nothing is left out. It digests a text with one line for each
// file, folder and symbolic link, sorted bytewise by path:
//
//	TYPE MODE SHA256 PATH
//
// with single spaces between. TYPE is f, d or l. MODE is the permissions in four
// octal digits, 0777 for a link. SHA256, in hexadecimal, is that of the file's
// content, of the link's target, or of nothing for a folder. PATH is relative to
// the folder, with slashes, quoted as Go's %q. Owners, times, other kinds of files,
// and the folder itself are not included.
func SourceDigest(ctx context.Context, folder string) (string, error) {
	return source.Digest(ctx, folder)
}
