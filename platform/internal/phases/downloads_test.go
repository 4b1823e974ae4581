//go:build linux

package phases

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
)

// tarOf returns an archive of files, in order.
func tarOf(t *testing.T, files map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(files[name])), Mode: 0o644, Uid: 1001, Gid: 1000}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// cacheOf makes a lifecycle's cache folder with npm's cache and another layer.
func cacheOf(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	layer := func(content string) string {
		digest, _, err := v1.SHA256(strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "committed", digest.String()+".tar"), content)
		return digest.String()
	}
	npm := layer(tarOf(t, map[string]string{"/layers/armature_npm-install/npm-cache/downloads.tar": tarOf(t, files), "/layers/armature_npm-install/npm-cache/evil": "x"}))
	other := layer(tarOf(t, map[string]string{"/layers/armature_npm-install/build-modules/evil": "x"}))
	write(t, filepath.Join(dir, cacheList), fmt.Sprintf(`{"buildpacks":[{"key":"armature/node-engine","version":"1","layers":{}},{"key":"armature/npm-install","version":"2","layers":{
		"npm-cache":{"sha":%q,"data":{"x":1},"build":false,"launch":false,"cache":true},"build-modules":{"sha":%q,"data":{"cache_sha":"1"},"build":true,"cache":true}}}]}`, npm, other))
}

// downloadsIn returns the files of npm's cache in a lifecycle's cache folder,
// which must have nothing else and correct digests.
func downloadsIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, cacheList))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Buildpacks []struct{ Layers map[string]labels.Layer }
	}
	if err := json.Unmarshal(text, &list); err != nil || len(list.Buildpacks) != 1 || len(list.Buildpacks[0].Layers) != 1 {
		t.Fatalf("got %s, %v", text, err)
	}
	layer := list.Buildpacks[0].Layers["npm-cache"]
	path := filepath.Join(dir, "committed", layer.SHA+".tar")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if digest, _, err := v1.SHA256(bytes.NewReader(content)); err != nil || digest.String() != layer.SHA {
		t.Errorf("%s has the digest %s, %v", path, digest, err)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "committed")); len(left) != 2 {
		t.Errorf("there is %v, want the list and one layer", left)
	}
	inner := map[string]string{}
	outer := untar(t, content)
	for name, text := range outer {
		if name != "/layers/armature_npm-install/npm-cache/downloads.tar" {
			t.Errorf("the layer has %s", name)
		}
		inner = untar(t, []byte(text))
	}
	return inner
}

func untar(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	files := map[string]string{}
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			files[header.Name] = string(text)
		}
	}
}

func TestOnlyDownloadsWithAChecksumGoFromOneImageToAnother(t *testing.T) {
	const entry = "\n%s\t{\"key\":\"make-fetch-happen:request-cache:%s\",\"integrity\":\"sha512-x\"}"
	content := "_cacache/content-v2/sha512/ab/cd/" + strings.Repeat("0", 124)
	index := "_cacache/index-v5/ab/cd/" + strings.Repeat("0", 60)
	archive := fmt.Sprintf(entry, "1", "https://registry.example/b/-/b-1.0.0.tgz")
	files := map[string]string{
		content: "an archive",
		"_cacache/content-v2/sha1/ab/cd/" + strings.Repeat("0", 36): "weak",
		"_cacache/content-v2/sha512/ab/cd/../../x":                  "elsewhere",
		index: archive + fmt.Sprintf(entry, "2", "https://registry.example/b") + "\nno JSON" + fmt.Sprintf(entry, "3", "file:///etc/passwd"),
		"_cacache/index-v5/ab/ce/" + strings.Repeat("0", 60): fmt.Sprintf(entry, "4", "https://registry.example/c"),
		"_cacache/tmp/x": "x", "_npx/x/package.json": "{}", ".npmrc": "registry=https://evil.example", "../../evil": "x",
	}
	from := t.TempDir()
	cacheOf(t, from, files)
	for _, tc := range []struct {
		name    string
		checked bool
		want    map[string]string
	}{
		{"with a lockfile", true, map[string]string{content: "an archive", index: archive}},
		{"without checksums of elsewhere", false, map[string]string{content: "an archive"}},
	} {
		to := t.TempDir()
		if err := keepDownloads(from, to, tc.checked); err != nil {
			t.Fatal(err)
		}
		if got := downloadsIn(t, to); !maps.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestACacheThatCannotBeReadIsLeftOut(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func(t *testing.T, dir string)
	}{
		{"none", func(*testing.T, string) {}},
		{"a list that is none", func(t *testing.T, dir string) { write(t, filepath.Join(dir, cacheList), "{") }},
		{"a list of nothing", func(t *testing.T, dir string) { write(t, filepath.Join(dir, cacheList), "{}") }},
		{"a layer elsewhere", func(t *testing.T, dir string) {
			cacheOf(t, dir, nil)
			outside := filepath.Join(t.TempDir(), "outside")
			write(t, outside, tarOf(t, map[string]string{"/layers/armature_npm-install/npm-cache/downloads.tar": tarOf(t, nil)}))
			layers, _ := filepath.Glob(filepath.Join(dir, "committed/*.tar"))
			for _, layer := range layers {
				if err := errors.Join(os.Remove(layer), os.Symlink(outside, layer)); err != nil {
					t.Fatal(err)
				}
			}
		}},
		{"half a layer", func(t *testing.T, dir string) {
			cacheOf(t, dir, map[string]string{"_cacache/content-v2/sha512/ab/cd/" + strings.Repeat("0", 124): strings.Repeat("x", 10_000)})
			layers, _ := filepath.Glob(filepath.Join(dir, "committed/*.tar"))
			for _, layer := range layers {
				if err := os.Truncate(layer, 1000); err != nil {
					t.Fatal(err)
				}
			}
		}},
	} {
		from, to := t.TempDir(), t.TempDir()
		tc.make(t, from)
		if err := keepDownloads(from, to, true); err != nil {
			t.Errorf("%s: got %v", tc.name, err)
		}
		if _, err := os.Lstat(filepath.Join(to, cacheList)); err == nil {
			t.Errorf("%s: there is a list", tc.name)
		}
		if left, _ := filepath.Glob(filepath.Join(to, "committed/*")); len(left) != 0 {
			t.Errorf("%s: left over: %q", tc.name, left)
		}
		if left, _ := filepath.Glob(filepath.Join(to, "committed/.*")); len(left) != 0 {
			t.Errorf("%s: left over: %q", tc.name, left)
		}
	}
}

func TestAnArchiveThatLiesAboutItsSizeIsNotCopied(t *testing.T) {
	content := "_cacache/content-v2/sha512/ab/cd/" + strings.Repeat("0", 124)
	index := "_cacache/index-v5/ab/cd/" + strings.Repeat("0", 60)
	for _, tc := range []struct {
		name  string
		left  int64
		files map[string]string
		bad   bool
		want  int
	}{
		{"as many as there may be", 10, map[string]string{content: "0123456789"}, false, 1},
		{"one more", 9, map[string]string{content: "0123456789"}, true, 0},
		{"too many that are left out", 9, map[string]string{"x": "0123456789"}, true, 0},
		{"a large list", 2 * maxBucket, map[string]string{index: strings.Repeat("\n", maxBucket+1)}, false, 0},
	} {
		var out bytes.Buffer
		c := &downloadsCopier{checked: true, left: tc.left}
		err := c.files(strings.NewReader(tarOf(t, tc.files)), &out)
		if (err != nil) != tc.bad || err == nil && len(untar(t, out.Bytes())) != tc.want {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
	var out bytes.Buffer
	c := &downloadsCopier{left: 1, scratch: t.TempDir()}
	if err := c.copy(strings.NewReader(tarOf(t, map[string]string{"other": "x"})), &out); !errors.Is(err, io.EOF) {
		t.Errorf("a layer without downloads: got %v", err)
	}
	like := &tar.Header{Uid: 7, Gid: 8}
	kept, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	kept.WriteString("downloads")
	if err := writeDownloads(&out, kept, like); err != nil {
		t.Fatal(err)
	}
	var got []string
	for archive := tar.NewReader(&out); ; {
		header, err := archive.Next()
		if err != nil {
			break
		}
		got = append(got, fmt.Sprintf("%s %c %o %d:%d", header.Name, header.Typeflag, header.Mode, header.Uid, header.Gid))
	}
	want := []string{"/layers 5 755 7:8", "/layers/armature_npm-install 5 755 7:8", "/layers/armature_npm-install/npm-cache 5 755 7:8", "/" + downloadsFile + " 0 644 7:8"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	kept.Close()
	if err := writeDownloads(&out, kept, like); err == nil {
		t.Error("a file that is closed: got no error")
	}
}

// Only an address of an archive is kept, whatever a script wrote there.
func TestOfAnIndexOnlyArchivesAreKept(t *testing.T) {
	entry := func(key string) string { return fmt.Sprintf("\n1\t{\"key\":%q}", key) }
	const prefix = "make-fetch-happen:request-cache:"
	kept := entry(prefix + "https://registry.example/b/-/b-1.0.0.tgz")
	for _, other := range []string{
		entry(prefix + "https://registry.example/b"), entry(prefix + "https://registry.example/b/-/b-1.0.0.zip"), entry(prefix + "https://registry.example/b-1.0.0.tgz"),
		entry(prefix + "https://%zz/-/b-1.0.0.tgz"), entry("https://registry.example/b/-/b-1.0.0.tgz"), "\n1\t[", "\nno entry",
	} {
		if got := string(archivesOnly([]byte(other + kept + other))); got != kept {
			t.Errorf("of %q: got %q, want %q", other, got, kept)
		}
	}
}
