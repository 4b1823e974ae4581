package server

import (
	"testing"

	"github.com/valyala/fasthttp"
)

// As RFC 9110, 14.1.2 has it.
func TestARangeIsAPartOfAFile(t *testing.T) {
	type result struct {
		first, length int64
		ok, valid     bool
	}
	passedOver, unsatisfiable := result{}, result{valid: true}
	for _, tc := range []struct {
		text string
		size int64
		want result
	}{
		{"bytes=0-0", 10, result{0, 1, true, true}},
		{"bytes=0-9", 10, result{0, 10, true, true}},
		{"bytes=0-10", 10, result{0, 10, true, true}},
		{"bytes=3-", 10, result{3, 7, true, true}},
		{"bytes=9-", 10, result{9, 1, true, true}},
		{"bytes=5-5", 10, result{5, 1, true, true}},
		{"bytes= 1-2 ", 10, result{1, 2, true, true}},
		{"bytes=-1", 10, result{9, 1, true, true}},
		{"bytes=-10", 10, result{0, 10, true, true}},
		{"bytes=-11", 10, result{0, 10, true, true}},
		{"bytes=10-", 10, unsatisfiable},
		{"bytes=10-10", 10, unsatisfiable},
		{"bytes=0-", 0, unsatisfiable},
		{"bytes=9223372036854775807-", 10, unsatisfiable},
		{"bytes=-0", 10, result{10, 0, false, true}},
		{"bytes=-5", 0, unsatisfiable},
		{"bytes=5-4", 10, passedOver},
		{"bytes=9223372036854775808-", 10, passedOver},
		{"bytes=0-9223372036854775808", 10, passedOver},
		{"bytes=-9223372036854775808", 10, passedOver},
		{"bytes=-", 10, passedOver},
		{"bytes=", 10, passedOver},
		{"bytes=1", 10, passedOver},
		{"bytes=a-1", 10, passedOver},
		{"bytes=1-a", 10, passedOver},
		{"bytes=-a", 10, passedOver},
		{"bytes=+1-2", 10, passedOver},
		{"bytes=0-1,3-4", 10, passedOver},
		{"lines=0-1", 10, passedOver},
		{"", 10, passedOver},
	} {
		first, length, ok, valid := byteRange(tc.text, tc.size)
		if got := (result{first, length, ok, valid}); got != tc.want {
			t.Errorf("%q of %d bytes: got %+v, want %+v", tc.text, tc.size, got, tc.want)
		}
	}
}

func TestAListOfTags(t *testing.T) {
	for _, tc := range []struct {
		list         string
		strong, weak bool
	}{
		{`"a"`, true, true}, {`"x", "b"`, true, true}, {` "a" ,"x"`, true, true}, {"*", true, true}, {" * ", true, true},
		{`W/"a"`, false, true}, {`"x",W/"b"`, false, true}, {`"x"`, false, false}, {"", false, false}, {`"a`, false, false}, {`*, "x"`, false, false},
	} {
		tags := []string{`"a"`, `"b"`}
		if strong, weak := lists(tc.list, tags, false), lists(tc.list, tags, true); strong != tc.strong || weak != tc.weak {
			t.Errorf("%s: got %v and %v, want %v and %v", tc.list, strong, weak, tc.strong, tc.weak)
		}
	}
}

func TestTheTargetOfARequest(t *testing.T) {
	for _, tc := range []struct {
		uri, path, query string
		ok               bool
	}{
		{"/", "/", "", true},
		{"/a/b?c=%20d?e", "/a/b", "c=%20d?e", true},
		{"/a%20b%2Fc", "/a b/c", "", true},
		{"/%41", "/A", "", true},
		{"http://host/a?b", "/a", "b", true},
		{"http:///a", "/a", "", true},
		{"/.well-known/x", "/.well-known/x", "", true},
		{"/a/...", "/a/...", "", true},
		{"http://host", "", "", false},
		{"host/a", "", "", false},
		{"*", "", "", false},
		{"", "", "", false},
		{"/a%", "", "", false},
		{"/%zz", "", "", false},
		{"/a\x00b", "", "", false},
		{"/a%00", "", "", false},
		{"/..", "", "", false},
		{"/a/../b", "", "", false},
		{"/a/./b", "", "", false},
		{"/%2e%2e/b", "", "", false},
	} {
		if path, query, ok := target([]byte(tc.uri)); path != tc.path || query != tc.query || ok != tc.ok {
			t.Errorf("%q: got %q, %q, %v, want %q, %q, %v", tc.uri, path, query, ok, tc.path, tc.query, tc.ok)
		}
	}
}

func TestTheMemoryForFilesEnds(t *testing.T) {
	m := &memory{free: 5}
	for i, tc := range []struct {
		size int64
		want bool
	}{{6, false}, {3, true}, {3, false}, {2, true}, {1, false}, {0, true}} {
		if got := m.take(tc.size); got != tc.want {
			t.Errorf("%d: %d bytes: got %v, want %v", i, tc.size, got, tc.want)
		}
	}
	m = &memory{free: 1 << 40}
	if !m.take(maxFile) || m.take(maxFile+1) || m.free != 1<<40-maxFile {
		t.Errorf("a file as large as it may be, and a larger one: %d bytes are left", m.free)
	}
	if content, err := (&form{memory: &memory{}, size: 1}).content(); content != nil || err != nil {
		t.Errorf("no memory: got %v, %v", content, err)
	}
}

// A cache between must not give one client's form to another.
func TestOneEncodingIsAChoice(t *testing.T) {
	kept := func(encoding, text string) *form {
		f, content := &form{encoding: encoding, tag: `"` + text + `"`, size: int64(len(text))}, []byte(text)
		f.kept.Store(&content)
		return f
	}
	p := &page{whole: kept("", "the text"), packed: []*form{kept("gzip", "packed")}}
	for accept, want := range map[string]string{"gzip": "packed", "br": "the text", "": "the text"} {
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.Set("Accept-Encoding", accept)
		(&Server{}).serve(&ctx, p, 200, "/")
		if body, vary := string(ctx.Response.Body()), string(ctx.Response.Header.Peek("Vary")); body != want || vary != "Accept-Encoding" {
			t.Errorf("%q: got %q and Vary: %q, want %q", accept, body, vary, want)
		}
	}
}
