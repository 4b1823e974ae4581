package server

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

// part is the bytes of a file to send.
type part struct{ first, length int64 }

// conditions looks at the preconditions and the range of a request (RFC 9110,
// 13.2.2 and 14.2). It returns the part to send, or that the answer is complete.
//
// Conditions with dates are passed over, since no answer has one: the files of an
// image all have the same time.
func conditions(ctx *fasthttp.RequestCtx, p *page, f *form) (send part, ended bool) {
	request := &ctx.Request.Header
	if match := request.Peek("If-Match"); len(match) > 0 && !lists(string(match), p.tags(), false) {
		ctx.Response.Header.Del("Etag")
		plain(ctx, fasthttp.StatusPreconditionFailed)
		return part{}, true
	}
	if lists(string(request.Peek("If-None-Match")), []string{f.tag}, true) {
		ctx.SetStatusCode(fasthttp.StatusNotModified)
		ctx.Response.Header.Del("Content-Type")
		return part{}, true
	}
	if same := request.Peek("If-Range"); !ctx.IsGet() || len(same) > 0 && string(same) != f.tag {
		return part{length: f.size}, false
	}
	first, length, ok, valid := byteRange(string(request.Peek("Range")), f.size)
	if !valid {
		return part{length: f.size}, false
	}
	if !ok {
		ctx.Response.Header.Del("Etag")
		ctx.Response.Header.Del("Cache-Control")
		ctx.Response.Header.Set("Content-Range", fmt.Sprintf("bytes */%d", f.size))
		plain(ctx, fasthttp.StatusRequestedRangeNotSatisfiable)
		return part{}, true
	}
	ctx.SetStatusCode(fasthttp.StatusPartialContent)
	ctx.Response.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, first+length-1, f.size))
	return part{first, length}, false
}

// tags are the entity tags of all forms.
func (p *page) tags() []string {
	all := []string{p.whole.tag}
	for _, f := range p.packed {
		all = append(all, f.tag)
	}
	return all
}

// lists reports whether a list of entity tags has one of these. A weak comparison
// passes over W/, which proxies add.
func lists(list string, tags []string, weak bool) bool {
	if strings.TrimSpace(list) == "*" {
		return true
	}
	for tag := range strings.SplitSeq(list, ",") {
		tag = strings.TrimSpace(tag)
		if weak {
			tag = strings.TrimPrefix(tag, "W/")
		}
		if slices.Contains(tags, tag) {
			return true
		}
	}
	return false
}

// byteRange reads a Range with one range of bytes. Any other is not valid and is
// passed over, as RFC 9110, 14.2 allows; one that begins after the end is not ok.
func byteRange(text string, size int64) (first, length int64, ok, valid bool) {
	text, isBytes := strings.CutPrefix(text, bytesUnit+"=")
	from, to, isRange := strings.Cut(strings.TrimSpace(text), "-")
	if !isBytes || !isRange {
		return 0, 0, false, false
	}
	last := size // or the number, and at most the last byte
	if to != "" {
		number, err := strconv.ParseUint(to, 10, 63)
		if err != nil {
			return 0, 0, false, false
		}
		last = int64(number)
	}
	if from == "" {
		if to == "" {
			return 0, 0, false, false
		}
		length = min(last, size)
		return size - length, length, length > 0, true
	}
	number, err := strconv.ParseUint(from, 10, 63)
	first = int64(number)
	if err != nil || to != "" && last < first {
		return 0, 0, false, false
	}
	if first >= size {
		return 0, 0, false, true
	}
	last = min(last, size-1)
	return first, last - first + 1, true, true
}
