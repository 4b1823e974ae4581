// Package server serves the folder of a site, see package site, over HTTP/1.1.
package server

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/rules"
	"github.com/armature-cnb/armature/buildpacks/static-site/internal/site"
)

// Limits of requests and connections.
const (
	maxHeader   = 16 << 10 // bytes of a request's header, cookies included
	maxBody     = 64 << 10 // bytes; nobody reads bodies
	readTimeout = 30 * time.Second
	idleTimeout = 75 * time.Second
)

// Options are how a site is served.
type Options struct {
	HealthPath string    // answered with 200 and "ok", unless the site has that file; empty for none
	AccessLog  io.Writer // gets a line for each request; nil for none
}

// Server serves one site.
type Server struct {
	site    site.Site
	options Options
	pages   map[string]*page // by path, as in the site
	forced  []rules.Redirect
	others  []rules.Redirect
}

// New reads a site's index. The root stays open while the server runs.
func New(root *os.Root, options Options) (*Server, error) {
	index, err := site.Read(root)
	if err != nil {
		return nil, err
	}
	s := &Server{site: index, options: options, pages: make(map[string]*page, len(index.Files))}
	memory := &memory{free: maxMemory}
	for name, file := range index.Files {
		s.pages[name] = newPage(root, memory, name, file)
	}
	for _, rule := range index.Redirects {
		if rule.Force {
			s.forced = append(s.forced, rule)
		} else {
			s.others = append(s.others, rule)
		}
	}
	if _, ok := s.pages[index.Fallback]; !ok && index.Fallback != "" {
		return nil, fmt.Errorf("the index of the site names %s as its fallback and has no such file", index.Fallback)
	}
	return s, nil
}

// HTTP returns the server of HTTP around it. It logs what clients do wrong nowhere.
func (s *Server) HTTP() *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      s.handle,
		ErrorHandler:                 refuse,
		Logger:                       silent{},
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		CloseOnShutdown:              true,
		DisablePreParseMultipartForm: true,
		ReadBufferSize:               maxHeader,
		MaxRequestBodySize:           maxBody,
		ReadTimeout:                  readTimeout,
		IdleTimeout:                  idleTimeout,
	}
}

type silent struct{}

func (silent) Printf(string, ...any) {}

// refuse answers a request that cannot be read.
func refuse(ctx *fasthttp.RequestCtx, err error) {
	var tooLarge *fasthttp.ErrSmallBuffer
	switch {
	case errors.As(err, &tooLarge):
		plain(ctx, fasthttp.StatusRequestHeaderFieldsTooLarge)
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		plain(ctx, fasthttp.StatusRequestEntityTooLarge)
	default:
		plain(ctx, fasthttp.StatusBadRequest)
	}
}

// plain answers with a status and its name.
func plain(ctx *fasthttp.RequestCtx, status int) {
	ctx.SetStatusCode(status)
	ctx.Response.Header.Set("Content-Type", "text/plain; charset=utf-8")
	ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	ctx.SetBodyString(fmt.Sprintf("%d %s\n", status, fasthttp.StatusMessage(status)))
}

func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	if s.options.AccessLog == nil {
		s.answer(ctx)
		return
	}
	begin := time.Now()
	s.answer(ctx)
	length := ctx.Response.Header.ContentLength()
	if !ctx.Response.IsBodyStream() {
		length = len(ctx.Response.Body())
	}
	fmt.Fprintf(s.options.AccessLog, "%s %s %q %d %d %.3fms\n", begin.UTC().Format(time.RFC3339), ctx.Method(), ctx.RequestURI(), ctx.Response.StatusCode(), length, float64(time.Since(begin).Microseconds())/1e3)
}

const allowed = "GET, HEAD, OPTIONS"

func (s *Server) answer(ctx *fasthttp.RequestCtx) {
	// Nobody sends a body to files. After one, the connection ends: a proxy that
	// takes another end of it for the right one must not send more.
	if len(ctx.Request.Header.Peek("Transfer-Encoding")) > 0 || ctx.Request.Header.ContentLength() > 0 {
		ctx.SetConnectionClose()
	}
	switch {
	case ctx.IsGet(), ctx.IsHead():
	case ctx.IsOptions():
		ctx.Response.Header.Set("Allow", allowed)
		ctx.SetStatusCode(fasthttp.StatusNoContent)
		return
	default:
		ctx.Response.Header.Set("Allow", allowed)
		plain(ctx, fasthttp.StatusMethodNotAllowed)
		return
	}
	path, query, ok := target(ctx.RequestURI())
	if !ok {
		plain(ctx, fasthttp.StatusBadRequest)
		return
	}
	s.route(ctx, path, query)
}

// target splits the target of a request into the decoded path and the query. A
// path whose segments are . or .., or that has a byte 0, is none of a browser's.
func target(uri []byte) (path, query string, ok bool) {
	text := string(uri)
	if !strings.HasPrefix(text, "/") { // the absolute form, for proxies
		_, rest, found := strings.Cut(text, "://")
		at := strings.IndexByte(rest, '/')
		if !found || at < 0 {
			return "", "", false
		}
		text = rest[at:]
	}
	text, query, _ = strings.Cut(text, "?")
	path = text
	if strings.Contains(text, "%") {
		var err error
		if path, err = url.PathUnescape(text); err != nil {
			return "", "", false
		}
	}
	if strings.Contains(path, "\x00") || strings.Contains(path, "/.") && hasDots(path) {
		return "", "", false
	}
	return path, query, true
}

func hasDots(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
