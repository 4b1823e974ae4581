package assemble

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/site"
	"github.com/armature-cnb/armature/internal/files/wholefile"
)

// Bytes of files that are compressed: smaller ones fit into one packet anyway, and
// larger ones take minutes.
const (
	minPacked = 256
	maxPacked = 64 << 20
)

// Written says what was written.
type Written struct {
	Files  int
	Size   int64 // of the files, in bytes
	Packed int   // files with a compressed form
}

// Write writes the folder of the site. It takes compressed forms from the cache, a
// folder, and leaves in it those of this site alone. An empty cache is none.
func (s *Scan) Write(dir, cache string) (w Written, err error) {
	p := &packer{scan: s, dir: dir, cache: cache, used: map[string]bool{}}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	written := maps.Clone(s.Site.Files)
	for _, name := range slices.Sorted(maps.Keys(s.Site.Files)) {
		file := s.Site.Files[name]
		w.Files, w.Size = w.Files+1, w.Size+file.Size
		group.Go(func() error {
			if err := s.copyTo(dir, name); err != nil {
				return err
			}
			encodings, err := p.pack(name, file)
			if err != nil {
				return fmt.Errorf("compressing %s: %w", name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if file.Encodings = encodings; len(encodings) > 0 {
				w.Packed++
			}
			written[name] = file
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return w, err
	}
	s.Site.Files = written
	if err := p.tidy(); err != nil {
		return w, err
	}
	return w, s.Site.Write(dir)
}

// encodings are the encodings, and how a content is compressed.
var encodings = []struct {
	name string
	pack func(content []byte) ([]byte, error)
}{
	{"br", func(content []byte) ([]byte, error) {
		var out bytes.Buffer
		return packWith(&out, brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: 9}), content)
	}},
	{"gzip", func(content []byte) ([]byte, error) {
		var out bytes.Buffer
		writer, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		return packWith(&out, writer, content)
	}},
	{"zstd", func(content []byte) ([]byte, error) {
		encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(maxWindow))
		if err != nil {
			return nil, err
		}
		return encoder.EncodeAll(content, nil), encoder.Close()
	}},
}

// maxWindow is the largest window of zstd that browsers take, in bytes (RFC 9659).
const maxWindow = 8 << 20

func packWith(out *bytes.Buffer, writer io.WriteCloser, content []byte) ([]byte, error) {
	if _, err := writer.Write(content); err != nil {
		return nil, err
	}
	err := writer.Close()
	return out.Bytes(), err
}

type packer struct {
	scan       *Scan
	dir, cache string

	mu   sync.Mutex
	used map[string]bool // names in the cache
}

// pack writes the compressed forms of a file that are smaller than it.
func (p *packer) pack(name string, file site.File) (all []site.Encoding, err error) {
	if file.Size < minPacked || file.Size > maxPacked || !site.IsCompressible(file.Type) {
		return nil, nil
	}
	content, err := p.scan.root.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for _, encoding := range encodings {
		packed, err := p.cached(file.Digest+"."+encoding.name, func() ([]byte, error) { return encoding.pack(content) })
		if err != nil {
			return nil, err
		}
		if len(packed) >= len(content) {
			continue
		}
		to := filepath.Join(p.dir, site.Path(name, encoding.name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(to, packed, 0o644); err != nil {
			return nil, err
		}
		all = append(all, site.Encoding{Name: encoding.name, Size: int64(len(packed))})
	}
	slices.SortStableFunc(all, func(a, b site.Encoding) int { return int(a.Size - b.Size) })
	return all, nil
}

// cached returns an entry of the cache, which it makes if it is not there.
func (p *packer) cached(name string, make func() ([]byte, error)) ([]byte, error) {
	if p.cache == "" {
		return make()
	}
	p.mu.Lock()
	p.used[name] = true
	p.mu.Unlock()
	path := filepath.Join(p.cache, name)
	if packed, err := os.ReadFile(path); err == nil {
		return packed, nil
	}
	packed, err := make()
	if err != nil {
		return nil, err
	}
	return packed, wholefile.WriteBytes(path, packed)
}

// tidy removes what is in the cache of other sites.
func (p *packer) tidy() error {
	if p.cache == "" {
		return nil
	}
	entries, err := os.ReadDir(p.cache)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !p.used[entry.Name()] {
			if err := os.Remove(filepath.Join(p.cache, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
