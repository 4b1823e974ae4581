package server

import (
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/rules"
	"github.com/armature-cnb/armature/buildpacks/static-site/internal/site"
)

// Bytes that the server keeps in memory: of one file, and of all.
const (
	maxFile   = 256 << 10
	maxMemory = 32 << 20
)

// memory counts the bytes of files that are kept.
type memory struct {
	sync.Mutex
	free int64
}

func (m *memory) take(size int64) bool {
	m.Lock()
	defer m.Unlock()
	if size > maxFile || size > m.free {
		return false
	}
	m.free -= size
	return true
}

// page is a file of the site with its compressed forms.
type page struct {
	kind         string // Content-Type
	cacheControl string
	whole        *form   // without an encoding
	packed       []*form // smallest first
}

// form is one of a page's forms.
type form struct {
	root     *os.Root
	memory   *memory
	path     string // in the root
	encoding string
	tag      string // ETag
	size     int64
	kept     atomic.Pointer[[]byte] // the content, once it was read and is kept
	once     sync.Mutex
}

// Values of Cache-Control. Without a hash in its name a file may change in the
// next image: browsers ask each time, and mostly get a 304.
const (
	forever   = "public, max-age=31536000, immutable"
	askFirst  = "public, max-age=0, must-revalidate"
	bytesUnit = "bytes"
)

func newPage(root *os.Root, memory *memory, name string, file site.File) *page {
	formOf := func(encoding string, size int64) *form {
		f := &form{root: root, memory: memory, path: site.Path(name, encoding), encoding: encoding, size: size, tag: `"` + file.Digest + `"`}
		if encoding != "" {
			f.tag = `"` + file.Digest + "-" + encoding + `"`
		}
		return f
	}
	p := &page{kind: file.Type, cacheControl: askFirst, whole: formOf("", file.Size)}
	if file.Immutable {
		p.cacheControl = forever
	}
	for _, encoding := range file.Encodings {
		p.packed = append(p.packed, formOf(encoding.Name, encoding.Size))
	}
	return p
}

// serve answers with a page. Conditions and ranges count for answers with 200.
func (s *Server) serve(ctx *fasthttp.RequestCtx, p *page, status int, path string) {
	h := &ctx.Response.Header
	f := p.choose(ctx)
	h.Set("Content-Type", p.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	if status == fasthttp.StatusOK {
		h.Set("Cache-Control", p.cacheControl)
		h.Set("Etag", f.tag)
		h.Set("Accept-Ranges", bytesUnit)
	} else {
		h.Set("Cache-Control", askFirst)
	}
	if len(p.packed) > 0 {
		h.Set("Vary", "Accept-Encoding")
	}
	set, removed := rules.Apply(s.site.Headers, path)
	for _, name := range removed {
		h.Del(name)
	}
	for _, field := range set {
		h.Set(field.Name, field.Value)
	}
	ctx.SetStatusCode(status)
	send := part{length: f.size}
	if status == fasthttp.StatusOK {
		var ended bool
		if send, ended = conditions(ctx, p, f); ended {
			return
		}
	}
	if f.encoding != "" {
		h.Set("Content-Encoding", f.encoding)
	}
	if err := f.send(ctx, send); err != nil {
		ctx.Response.Reset()
		plain(ctx, fasthttp.StatusInternalServerError)
	}
}

// send writes a part of the form's content.
func (f *form) send(ctx *fasthttp.RequestCtx, p part) error {
	content, err := f.content()
	if err != nil {
		return err
	}
	if content != nil {
		ctx.Response.SetBodyRaw(content[p.first : p.first+p.length])
		return nil
	}
	file, err := f.root.Open(f.path)
	if err != nil {
		return err
	}
	file.Seek(p.first, io.SeekStart)       // within the file
	ctx.SetBodyStream(file, int(p.length)) // which closes it
	return nil
}

// content returns the form's content from memory, or nil if it is not kept there.
func (f *form) content() ([]byte, error) {
	if kept := f.kept.Load(); kept != nil {
		return *kept, nil
	}
	f.once.Lock()
	defer f.once.Unlock()
	if kept := f.kept.Load(); kept != nil {
		return *kept, nil
	}
	if !f.memory.take(f.size) {
		return nil, nil
	}
	content, err := f.root.ReadFile(f.path)
	if err == nil && int64(len(content)) != f.size {
		err = os.ErrInvalid
	}
	if err != nil {
		return nil, err
	}
	f.kept.Store(&content)
	return content, nil
}

// choose returns the form that the client likes best, and of those the smallest.
func (p *page) choose(ctx *fasthttp.RequestCtx) *form {
	accept := string(ctx.Request.Header.Peek("Accept-Encoding"))
	best, most := p.whole, 0.0
	for _, f := range p.packed {
		if weight := quality(accept, f.encoding); weight > most {
			best, most = f, weight
		}
	}
	return best
}

// quality returns how much a client likes an encoding (RFC 9110, 12.5.3): 0 for
// one that it does not take, or names in a wrong way.
func quality(accept, encoding string) float64 {
	others := 0.0
	for part := range strings.SplitSeq(accept, ",") {
		name, parameters, weighted := strings.Cut(strings.TrimSpace(part), ";")
		name = strings.TrimSpace(name)
		if !strings.EqualFold(name, encoding) && name != "*" {
			continue
		}
		weight := 1.0
		if weighted {
			text, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q=")
			value, err := strconv.ParseFloat(text, 64)
			if !ok || err != nil {
				value = 0
			}
			weight = value
		}
		if name != "*" {
			return weight
		}
		others = weight
	}
	return others
}
