package server

import (
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/rules"
	"github.com/armature-cnb/armature/buildpacks/static-site/internal/site"
)

// route finds what a path stands for: health, a forced redirect, a file, another
// redirect, the page for paths that the browser routes, or nothing.
func (s *Server) route(ctx *fasthttp.RequestCtx, path, query string) {
	found, folder := s.find(path)
	if found == nil && path == s.options.HealthPath { // which no rule for all paths takes
		ctx.Response.Header.Set("Cache-Control", "no-store")
		ctx.Response.Header.Set("Content-Type", "text/plain; charset=utf-8")
		ctx.SetBodyString("ok\n")
		return
	}
	switch {
	case s.redirect(ctx, s.forced, path, query):
	case found != nil:
		s.serve(ctx, found, fasthttp.StatusOK, path)
	case s.redirect(ctx, s.others, path, query):
	case folder:
		to := escape(path) + "/"
		if query != "" {
			to += "?" + query
		}
		sendTo(ctx, to, fasthttp.StatusMovedPermanently)
	case s.site.Fallback != "" && wantsPage(ctx, path):
		s.serve(ctx, s.pages[s.site.Fallback], fasthttp.StatusOK, path)
	default:
		s.notFound(ctx, path, fasthttp.StatusNotFound)
	}
}

// find returns the file of a path: /about may be about, about.html or, with a
// slash at the end, about/index.html. Folder is true if only the slash is missing.
func (s *Server) find(path string) (found *page, folder bool) {
	name := strings.TrimPrefix(path, "/")
	if name == "" || strings.HasSuffix(name, "/") {
		if found = s.pages[name+site.IndexPage]; found == nil && name != "" {
			found = s.pages[strings.TrimSuffix(name, "/")+".html"]
		}
		return found, false
	}
	if found = s.pages[name]; found == nil {
		found = s.pages[name+".html"]
	}
	return found, found == nil && s.pages[name+"/"+site.IndexPage] != nil
}

// redirect applies the first rule for a path. A rewrite to a file that does not
// exist is passed over, and so is a redirect to the path itself.
func (s *Server) redirect(ctx *fasthttp.RequestCtx, all []rules.Redirect, path, query string) bool {
	for _, rule := range all {
		to, ok := rule.Match(path, query)
		if !ok || !rule.IsRewrite() && len(rule.Query) == 0 && leadsToItself(to, path) {
			continue
		}
		if !rule.IsRewrite() {
			sendTo(ctx, to, rule.Status)
			return true
		}
		to, _, _ = strings.Cut(to, "?")
		found, folder := s.find(to)
		if folder {
			found, _ = s.find(to + "/")
		}
		switch {
		case found != nil:
			s.serve(ctx, found, rule.Status, path)
			return true
		case rule.Status != fasthttp.StatusOK:
			s.notFound(ctx, path, rule.Status)
			return true
		}
	}
	return false
}

// leadsToItself reports whether a target is a path itself, up to slashes at its end.
func leadsToItself(to, path string) bool {
	to, _, _ = strings.Cut(to, "#")
	to, _, _ = strings.Cut(to, "?")
	return strings.TrimRight(to, "/") == strings.TrimRight(escape(path), "/")
}

func sendTo(ctx *fasthttp.RequestCtx, to string, status int) {
	ctx.SetStatusCode(status)
	ctx.Response.Header.Set("Location", to)
	ctx.Response.Header.Set("Content-Type", "text/plain; charset=utf-8")
	ctx.SetBodyString(to + "\n")
}

// escape returns a path as it stands in an address. Slashes at its beginning
// become one: two would name another host.
func escape(path string) string {
	return (&url.URL{Path: "/" + strings.TrimLeft(path, "/\\")}).EscapedPath()
}

// wantsPage reports whether a browser may show a page for this path: the client
// takes HTML, and the path has no extension of another file.
func wantsPage(ctx *fasthttp.RequestCtx, path string) bool {
	if site.IsAsset(path) {
		return false
	}
	accept := string(ctx.Request.Header.Peek("Accept"))
	return accept == "" || strings.Contains(accept, "text/html") || strings.Contains(accept, "*/*") || strings.Contains(accept, "text/*")
}

// notFound answers with the nearest 404.html: of the path's folder, or one above.
func (s *Server) notFound(ctx *fasthttp.RequestCtx, path string, status int) {
	for folder := strings.TrimPrefix(path, "/"); folder != ""; {
		folder, _ = cutLast(folder)
		if found := s.pages[join(folder, site.MissingPage)]; found != nil {
			s.serve(ctx, found, status, path)
			return
		}
	}
	if found := s.pages[site.MissingPage]; found != nil {
		s.serve(ctx, found, status, path)
		return
	}
	plain(ctx, status)
}

// cutLast cuts a path's last segment off.
func cutLast(path string) (folder, name string) {
	at := strings.LastIndexByte(path, '/')
	return path[:max(at, 0)], path[at+1:]
}

func join(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}
