//go:build linux

package phases

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/internal/files/regular"
)

// The content of the lifecycle's cache folder: a list of layers, and for each a
// tar archive named by its digest. npm-install's layer holds npm's cache as
// another archive.
const (
	cacheList      = "committed/" + labels.Cache
	maxCacheList   = 16 << 20
	downloadsOwner = "armature/npm-install"
	downloadsLayer = "npm-cache"
	downloadsFile  = "layers/armature_npm-install/npm-cache/downloads.tar"
)

// keepDownloads fills an empty folder as a lifecycle's cache folder that holds
// only npm's downloads, and of these only what npm verifies with a checksum from
// elsewhere: contents, which are named by their checksums, and, if the lockfile
// has every package's checksum, index entries from an archive's address to its
// content. Scripts of other apps could have written everything else. Unreadable
// files are left out; they are only downloaded again.
func keepDownloads(from, to string, checked bool) error {
	root, err := os.OpenRoot(from)
	if err != nil {
		return nil
	}
	defer root.Close()
	layer, buildpack, err := findDownloads(root)
	if err != nil {
		return nil
	}
	defer layer.Close()
	if err := os.MkdirAll(filepath.Join(to, "committed"), 0o755); err != nil {
		return err
	}
	made, err := os.CreateTemp(filepath.Join(to, "committed"), ".made-")
	if err != nil {
		return err
	}
	defer os.Remove(made.Name()) // no effect after the rename
	defer made.Close()
	sum := sha256.New()
	info, err := layer.Stat()
	if err != nil {
		return err
	}
	c := &downloadsCopier{checked: checked, left: info.Size(), scratch: filepath.Join(to, "committed")}
	if err := c.copy(layer, io.MultiWriter(made, sum)); diskfull.Is(err) {
		return err
	} else if err != nil {
		return nil
	}
	digest := fmt.Sprintf("sha256:%x", sum.Sum(nil))
	buildpack.Layers = map[string]json.RawMessage{downloadsLayer: asJSON(labels.Layer{SHA: digest, Data: map[string]any{}, Cache: true})}
	list := asJSON(map[string]any{"sbom": map[string]string{"sha": ""}, "buildpacks": []labels.BuildpackLayers{buildpack}})
	if err := errors.Join(made.Chmod(0o644), os.Rename(made.Name(), filepath.Join(to, "committed", digest+".tar"))); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, cacheList), list, 0o644)
}

// findDownloads opens the layer of npm's cache.
func findDownloads(root *os.Root) (*os.File, labels.BuildpackLayers, error) {
	list, _, err := readCacheList(root)
	if err != nil {
		return nil, labels.BuildpackLayers{}, err
	}
	for _, one := range list {
		said, err := one.Layer(downloadsLayer)
		if one.Key != downloadsOwner || said == nil || err != nil {
			continue
		}
		if digest, err := said.DiffID(); err == nil {
			layer, err := regular.Open(root, "committed/"+digest.String()+".tar")
			return layer, one, err
		}
	}
	return nil, labels.BuildpackLayers{}, fs.ErrNotExist
}

// downloadsCopier copies a filtered layer of npm's cache.
type downloadsCopier struct {
	checked bool
	left    int64  // remaining bytes: an archive can claim any file size
	scratch string // temporary folder
}

func (c *downloadsCopier) copy(layer io.Reader, to io.Writer) error {
	outer := tar.NewReader(layer)
	for {
		header, err := outer.Next()
		if err != nil {
			return err // none in it
		}
		if header.Typeflag != tar.TypeReg || strings.TrimPrefix(path.Clean("/"+header.Name), "/") != downloadsFile {
			continue
		}
		kept, err := os.CreateTemp(c.scratch, ".kept-") // its size comes before it
		if err != nil {
			return err
		}
		defer os.Remove(kept.Name())
		defer kept.Close()
		if err := c.files(outer, kept); err != nil {
			return err
		}
		return writeDownloads(to, kept, header)
	}
}

// writeDownloads writes the layer's archive, folders first.
func writeDownloads(to io.Writer, kept *os.File, like *tar.Header) error {
	size, err := kept.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = kept.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	archive := tar.NewWriter(to)
	header := func(name string, kind byte, mode, size int64) error {
		return archive.WriteHeader(&tar.Header{
			Typeflag: kind, Name: name, Mode: mode, Size: size, Uid: like.Uid, Gid: like.Gid, ModTime: like.ModTime, Format: tar.FormatPAX,
		})
	}
	parts := strings.Split(downloadsFile, "/")
	for i := 1; i < len(parts); i++ {
		if err := header("/"+path.Join(parts[:i]...), tar.TypeDir, 0o755, 0); err != nil {
			return err
		}
	}
	if err := header("/"+downloadsFile, tar.TypeReg, 0o644, size); err != nil {
		return err
	}
	if _, err := io.Copy(archive, kept); err != nil {
		return err
	}
	return archive.Close()
}

var (
	contentPath = regexp.MustCompile(`^_cacache/content-v2/sha512/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{124}$`)
	indexPath   = regexp.MustCompile(`^_cacache/index-v5/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}$`)
)

// maxBucket is the maximal size in bytes of a file of npm's index.
const maxBucket = 1 << 20

// files copies the allowed files of npm's cache.
func (c *downloadsCopier) files(from io.Reader, to io.Writer) error {
	archive, out := tar.NewReader(from), tar.NewWriter(to)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out.Close()
		}
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeReg {
			if err := c.file(path.Clean(header.Name), header.Size, archive, out); err != nil {
				return err
			}
		}
	}
}

func (c *downloadsCopier) file(name string, size int64, content io.Reader, out *tar.Writer) error {
	if c.left -= size; c.left < 0 {
		return errors.New("its files have more bytes than the archive")
	}
	switch {
	case contentPath.MatchString(name):
	case c.checked && indexPath.MatchString(name) && size <= maxBucket:
		text, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		text = archivesOnly(text)
		if len(text) == 0 {
			return nil
		}
		content, size = bytes.NewReader(text), int64(len(text))
	default:
		return nil
	}
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o644}); err != nil {
		return err
	}
	_, err := io.Copy(out, content)
	return err
}

// archivesOnly keeps only the entries for packages' archives in a file of npm's
// index. Package metadata of the registry cannot be verified.
func archivesOnly(bucket []byte) []byte {
	var kept bytes.Buffer
	for line := range bytes.Lines(bucket) {
		_, encoded, _ := bytes.Cut(bytes.TrimSpace(line), []byte("\t"))
		var entry struct {
			Key string `json:"key"`
		}
		if json.Unmarshal(encoded, &entry) != nil {
			continue
		}
		_, address, found := strings.Cut(entry.Key, "make-fetch-happen:request-cache:")
		if parsed, err := url.Parse(address); found && err == nil && strings.Contains(parsed.Path, "/-/") && strings.HasSuffix(parsed.Path, ".tgz") {
			fmt.Fprintf(&kept, "\n%s", bytes.TrimSpace(line))
		}
	}
	return kept.Bytes()
}
