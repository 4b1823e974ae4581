package site_test

import (
	"regexp"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/site"
)

func TestNamesWithAHash(t *testing.T) {
	for _, row := range []struct {
		name string
		want bool
	}{
		{"assets/index-BxY3_k9a.js", true},         // Vite
		{"assets/index-B-Y3_k9a.css", true},        // with a divider in the hash
		{"static/js/main.3fa9c1d2.chunk.js", true}, // Create React App
		{"static/js/main.3fa9c1d2.js.map", true},   //
		{"main-Q5XYZAB2.css", true},                // esbuild
		{"app-0123456789abcdef0123.js", true},      // Gatsby
		{"3fa9c1d2e4.png", true},                   // webpack's assets
		{"_next/static/x/_buildManifest.js", true}, //
		{"_nuxt/entry.js", true},                   //
		{"_astro/hoisted.css", true},               //
		{"_app/immutable/start.js", true},          // SvelteKit
		{"_app/version.json", false},               //
		{"_nuxt/builds/latest.json", false},        //
		{"assets/about-BxY3_k9a.html", false},      // a page
		{"my-component.js", false},                 //
		{"jquery-3.7.1.min.js", false},             //
		{"report-20240115.pdf", false},             // a date
		{"app-Version2.js", false},                 //
		{"photo-DSC01234.jpg", false},              //
		{"icon-arrowLeft.svg", false},              //
		{"bootstrap.bundle.min.js", false},         //
		{"deadbeef.js", false},                     // a word
		{"assets/index-DiwrgTda.js", false},        // one without a digit, where no framework says so
		{"index.html", false},                      //
		{"12345678", false},                        //
	} {
		if got := (site.Hashes{}).IsImmutable(row.name); got != row.want {
			t.Errorf("%s: got %t", row.name, got)
		}
	}
}

func TestAFrameworkSaysMore(t *testing.T) {
	h := site.Hashes{Prefixes: []string{"/assets/", "/static/"}, Names: regexp.MustCompile(`\.[0-9a-f]{5}\.(js|css)$`)}
	for _, row := range []struct {
		name string
		want bool
	}{
		{"assets/index-DiwrgTda.js", true},
		{"assets/logo.svg", false}, // from its public folder
		{"static/d6bbb5a1a1c2ef1f/photo.jpg", true},
		{"other/index-DiwrgTda.js", false},
		{"umi.3fa9c.js", true},
	} {
		if got := h.IsImmutable(row.name); got != row.want {
			t.Errorf("%s: got %t", row.name, got)
		}
	}
}

func TestTypes(t *testing.T) {
	for _, row := range []struct{ name, beginning, want string }{
		{"a.HTML", "", "text/html; charset=utf-8"},
		{"a.js", "", "text/javascript; charset=utf-8"},
		{"a.mjs", "", "text/javascript; charset=utf-8"},
		{"a.css", "", "text/css; charset=utf-8"},
		{"a.json", "", "application/json; charset=utf-8"},
		{"a.svg", "", "image/svg+xml; charset=utf-8"},
		{"sitemap.xml", "", "application/xml; charset=utf-8"},
		{"feed.rss", "", "application/rss+xml; charset=utf-8"},
		{"a.webmanifest", "", "application/manifest+json; charset=utf-8"},
		{"a.wasm", "", "application/wasm"},
		{"a.woff2", "", "font/woff2"},
		{"CNAME", "example.com", "text/plain; charset=utf-8"},
		{"picture", "\x89PNG\x0d\x0a\x1a\x0a", "image/png"},
		{"data", "\x00\x01", "application/octet-stream"},
	} {
		if got := site.TypeOf(row.name, []byte(row.beginning)); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
	for kind, want := range map[string]bool{"text/html; charset=utf-8": true, "image/svg+xml; charset=utf-8": true, "application/wasm": true, "font/ttf": true, "image/png": false, "video/mp4": false, "font/woff2": false, "application/zip": false} {
		if got := site.IsCompressible(kind); got != want {
			t.Errorf("%s is compressed: got %t", kind, got)
		}
	}
}
