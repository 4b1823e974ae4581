package server_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/server"
)

// unpack reads a body in some encoding.
func unpack(t *testing.T, encoding, body string) string {
	t.Helper()
	var reader io.Reader = strings.NewReader(body)
	switch encoding {
	case "br":
		reader = brotli.NewReader(reader)
	case "gzip":
		unzipped, err := gzip.NewReader(reader)
		if err != nil {
			t.Fatal(err)
		}
		reader = unzipped
	case "zstd":
		decoder, err := zstd.NewReader(reader)
		if err != nil {
			t.Fatal(err)
		}
		defer decoder.Close()
		reader = decoder
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheClientChoosesTheEncoding(t *testing.T) {
	address := serve(t, files, "", server.Options{})
	tags := map[string]string{}
	for _, row := range []struct{ name, path, accept, want string }{
		{"none", "/assets/style.css", "", ""},
		{"gzip", "/assets/style.css", "gzip, deflate", "gzip"},
		{"br", "/assets/style.css", "br", "br"},
		{"zstd", "/assets/style.css", "ZSTD", "zstd"},
		{"the one with most weight", "/assets/style.css", "br;q=0.1, gzip; q=0.5", "gzip"},
		{"not the one with none", "/assets/style.css", "br;q=0, zstd;q=0, *", "gzip"},
		{"none with a wrong weight", "/assets/style.css", "br;q=x", ""},
		{"none with a weight that is called nothing", "/assets/style.css", "br;0.5", ""},
		{"blanks around the name", "/assets/style.css", " gzip ; q=1", "gzip"},
		{"an unknown one", "/assets/style.css", "deflate", ""},
		{"none for a film", "/media/film.mp4", "br, gzip, zstd", ""},
		{"none for a page that is too small", "/", "br, gzip, zstd", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ask(t, "GET", address, row.path, "Accept-Encoding: "+row.accept)
			if got.header.Get("Content-Encoding") != row.want {
				t.Fatalf("got %q, want %q", got.header.Get("Content-Encoding"), row.want)
			}
			if row.path != "/assets/style.css" {
				return
			}
			if got.header.Get("Content-Length") != fmt.Sprint(len(got.body)) || unpack(t, row.want, got.body) != long || row.want != "" && len(got.body) >= len(long) {
				t.Errorf("got %s bytes, %q", got.header.Get("Content-Length"), got.body)
			}
			tag := got.header.Get("Etag")
			if before, known := tags[row.want]; known && before != tag || tag == "" {
				t.Errorf("got the tag %q, want %q as before", tag, before)
			}
			tags[row.want] = tag
		})
	}
	seen := map[string]bool{}
	for _, tag := range tags {
		seen[tag] = true
	}
	if len(seen) != 4 {
		t.Errorf("got %v, want a tag for each encoding", tags)
	}
}

func TestConditionsAndRanges(t *testing.T) {
	address := serve(t, files, "", server.Options{})
	const path = "/media/film.mp4"
	tag := ask(t, "GET", address, path).header.Get("Etag")
	if len(tag) < 10 {
		t.Fatalf("got the tag %q", tag)
	}
	for _, row := range []struct {
		name   string
		fields []string
		status int
		body   string
		span   string
	}{
		{"the same", []string{"If-None-Match: " + tag}, 304, "", ""},
		{"one of a list, made weak by a proxy", []string{`If-None-Match: "x", W/` + tag}, 304, "", ""},
		{"any", []string{"If-None-Match: *"}, 304, "", ""},
		{"another", []string{`If-None-Match: "x"`}, 200, large, ""},
		{"a date says nothing", []string{"If-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT"}, 200, large, ""},
		{"wanted as it is", []string{"If-Match: " + tag}, 200, large, ""},
		{"wanted as it is, by a tag that is weak", []string{"If-Match: W/" + tag}, 412, "412 Precondition Failed\n", ""},
		{"wanted as it was", []string{`If-Match: "x"`}, 412, "412 Precondition Failed\n", ""},
		{"a range", []string{"Range: bytes=16-19"}, 206, "0123", "bytes 16-19/524288"},
		{"from a byte", []string{"Range: bytes=524286-"}, 206, "ef", "bytes 524286-524287/524288"},
		{"the last bytes", []string{"Range: bytes=-3"}, 206, "def", "bytes 524285-524287/524288"},
		{"beyond the end", []string{"Range: bytes=524286-999999"}, 206, "ef", "bytes 524286-524287/524288"},
		{"after the end", []string{"Range: bytes=524288-"}, 416, "416 Requested Range Not Satisfiable\n", "bytes */524288"},
		{"the last 0 bytes", []string{"Range: bytes=-0"}, 416, "416 Requested Range Not Satisfiable\n", "bytes */524288"},
		{"several", []string{"Range: bytes=0-1,4-5"}, 200, large, ""},
		{"another unit", []string{"Range: lines=1-2"}, 200, large, ""},
		{"backwards", []string{"Range: bytes=5-4"}, 200, large, ""},
		{"of the same", []string{"Range: bytes=0-0", "If-Range: " + tag}, 206, "0", "bytes 0-0/524288"},
		{"of another", []string{"Range: bytes=0-0", `If-Range: "x"`}, 200, large, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ask(t, "GET", address, path, row.fields...)
			if got.status != row.status || got.body != row.body || got.header.Get("Content-Range") != row.span {
				t.Errorf("got %d, %d bytes %.40q, %q", got.status, len(got.body), got.body, got.header.Get("Content-Range"))
			}
			if row.status == 304 && got.header.Get("Etag") != tag {
				t.Errorf("got the tag %q with 304", got.header.Get("Etag"))
			}
		})
	}
}
