package rules_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/rules"
)

func TestPatterns(t *testing.T) {
	for _, row := range []struct {
		pattern, path string
		want          map[string]string
		ok            bool
	}{
		{"/a", "/a", nil, true},
		{"/a", "/a/", nil, true},
		{"/a/", "/a", nil, true},
		{"/a", "/a/b", nil, false},
		{"/a/b", "/a", nil, false},
		{"/a", "/A", nil, false},
		{"/", "/", nil, true},
		{"/*", "/", map[string]string{"splat": ""}, true},
		{"/*", "/a/b", map[string]string{"splat": "a/b"}, true},
		{"/a/*", "/a", map[string]string{"splat": ""}, true},
		{"/a/*", "/ab", nil, false},
		{"/:year/:slug", "/2026/x", map[string]string{"year": "2026", "slug": "x"}, true},
		{"/:year/:slug", "/2026", nil, false},
		{"/:year/*", "/2026/a/b", map[string]string{"year": "2026", "splat": "a/b"}, true},
	} {
		got, ok := rules.Pattern(row.pattern).Match(row.path)
		if ok != row.ok || ok && len(got)+len(row.want) > 0 && !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s for %s: got %v, %t", row.pattern, row.path, got, ok)
		}
	}
}

func TestRedirects(t *testing.T) {
	for _, row := range []struct{ line, path, query, want string }{
		{"/a /b", "/a", "", "301 /b"},
		{"/a /b 302", "/a", "x=1", "302 /b?x=1"},
		{"/a /b?y=2 302", "/a", "x=1", "302 /b?y=2"},
		{"/a /b#c 307", "/a", "x=1", "307 /b?x=1#c"},
		{"/a/* https://example.com/:splat 308", "/a/b c/d", "", "308 https://example.com/b%20c/d"},
		{"/a/:b /c?b=:b 303", "/a/1&2", "", "303 /c?b=1&2"},
		{"/a/* /:splat", "/a//evil.example", "", "301 /evil.example"},
		{"/* /index.html 200", "/x/y", "", "200 /index.html"},
		{"/a/* /b/:splat 200!", "/a/x", "q=1", "200! /b/x"},
		{"/a id=:id /b/:id", "/a", "id=7", "301 /b/7"},
		{"/a id=7 /b", "/a", "id=8", ""},
		{"/a id=:id /b", "/a", "", ""},
		{"/a /b 404 # why", "/a", "", "404 /b"},
		{"/a /b/:unknown", "/a", "", "301 /b/:unknown"},
	} {
		all, ignored, err := rules.ParseRedirects(row.line)
		if err != nil || len(ignored) > 0 || len(all) != 1 {
			t.Errorf("%s: got %v, %v, %v", row.line, all, ignored, err)
			continue
		}
		got := ""
		if to, ok := all[0].Match(row.path, row.query); ok {
			got = fmt.Sprintf("%d %s", all[0].Status, to)
			if all[0].Force {
				got = fmt.Sprintf("%d! %s", all[0].Status, to)
			}
		}
		if got != row.want {
			t.Errorf("%s for %s?%s: got %q, want %q", row.line, row.path, row.query, got, row.want)
		}
	}
}

func TestRedirectsThatAreNotRead(t *testing.T) {
	for _, row := range []struct{ line, why string }{
		{"/a", "want a path and where it leads"},
		{"https://x.example/a /b", "begins with no slash"},
		{"/a/*/b /c", "a star stands alone"},
		{"/a b", `"b" is neither`},
		{"/a b=c", "leads nowhere"},
		{"/a /b 299", "want one of 200, 301"},
		{"/a /b 302 Country=de", "a condition"},
		{"/api/* https://api.example.com/:splat 200", "no proxy"},
	} {
		all, ignored, err := rules.ParseRedirects("# first\n\n" + row.line + "\r\n/good /x\n")
		if err != nil || len(all) != 1 || len(ignored) != 1 || ignored[0].Line != 3 || !strings.Contains(ignored[0].Why, row.why) {
			t.Errorf("%s: got %v, %v, %v", row.line, all, ignored, err)
		}
	}
}

func TestHeaders(t *testing.T) {
	all, ignored, err := rules.ParseHeaders("\ufeff/*\n  x-one: 1\n  X-Two: a\n\n# comment\n/b/:c/*\n\tX-Two: :c\n  ! x-one\n  Etag: x\n  nonsense\nhttps://x.example/*\n  X-Three: 3\n/empty\n")
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, one := range ignored {
		lines = append(lines, one.Line)
	}
	if !reflect.DeepEqual(lines, []int{9, 10, 11}) || len(all) != 2 {
		t.Errorf("got %v and %v", all, ignored)
	}
	set, removed := rules.Apply(all, "/b/C/d")
	if want := []rules.Field{{Name: "X-Two", Value: "a, C"}}; !reflect.DeepEqual(set, want) || !reflect.DeepEqual(removed, []string{"X-One"}) {
		t.Errorf("got %v without %v, want %v", set, removed, want)
	}
	if set, removed = rules.Apply(all, "/other"); len(set) != 2 || len(removed) != 0 {
		t.Errorf("got %v without %v", set, removed)
	}
}

// Without these, everybody has what they guard.
func TestRulesThatGuardAreErrors(t *testing.T) {
	var unsafe *rules.UnsafeError
	if _, _, err := rules.ParseHeaders("/*\n  basic-auth: a:b\n"); !errors.As(err, &unsafe) || unsafe.Line != 2 {
		t.Errorf("got %v", err)
	}
	if _, _, err := rules.ParseHeaders("https://x.example/*\n  Basic-Auth: a:b\n"); !errors.As(err, &unsafe) {
		t.Errorf("below a path that is not read: got %v", err)
	}
	if _, _, err := rules.ParseRedirects("/admin/* /admin/:splat 200! Role=admin\n"); !errors.As(err, &unsafe) || unsafe.Line != 1 {
		t.Errorf("got %v", err)
	}
}

func FuzzRules(f *testing.F) {
	f.Add("/a/* /b/:splat 302\n", "/a/b", "x=1")
	f.Add("/*\n  X-A: :splat\n", "/%0a", "")
	f.Fuzz(func(t *testing.T, text, path, query string) {
		redirects, _, err := rules.ParseRedirects(text)
		for _, rule := range redirects {
			if to, ok := rule.Match(path, query); ok && !rule.IsRewrite() && strings.HasPrefix(to, "//") && !strings.HasPrefix(rule.To, "//") {
				t.Errorf("%q leads %q to another host: %q (%v)", text, path, to, err)
			}
		}
		headers, _, err := rules.ParseHeaders(text)
		set, _ := rules.Apply(headers, path)
		for _, field := range set {
			if strings.ContainsAny(field.Name+field.Value, "\r\n\x00") {
				t.Errorf("%q gives %q for %q (%v)", text, field, path, err)
			}
		}
	})
}
