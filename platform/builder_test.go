//go:build linux

package platform

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/internal/progress/progresstest"
	"github.com/armature-cnb/armature/platform/internal/descriptor"
)

// write writes a file, and the folders that it is in.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTheOperatorsBuilderGoesBeforeTheApps(t *testing.T) {
	app := t.TempDir()
	write(t, app+"/b/index.json", "{}")
	for _, tc := range []struct {
		name                 string
		request              Request
		apps, inEnvironment  string
		want, by, note, fail string
	}{
		{"the flag before all", Request{Builder: "mine"}, "apps", "env", "mine", "", "the builder apps of the app's project.toml is not used: mine goes before", ""},
		{"the environment before the app", Request{}, "./b", "env", "env", "", "./b of the app's project.toml is not used", ""},
		{"consent changes nothing about that", Request{TrustAppBuilder: true}, "./b", "env", "env", "", "is not used", ""},
		{"a descriptor that the operator named", Request{Descriptor: "x"}, "named", "env", "named", "", "", ""},
		{"the app without consent", Request{}, "./b", "", "", "", "", "app-builder-untrusted"},
		{"the app's folder", Request{TrustAppBuilder: true}, "./b", "", app + "/b", "the app's project.toml", "chooses the builder: ./b", ""},
		{"the app's folder, as a name", Request{TrustAppBuilder: true}, "b", "", app + "/b", "the app's project.toml", "chooses the builder: b", ""},
		{"the app's reference", Request{TrustAppBuilder: true}, "registry.example/b", "", "registry.example/b", "the app's project.toml", "registry.example/b", ""},
		{"nobody", Request{TrustAppBuilder: true}, "", "", "", "", "", "no-builder"},
	} {
		var said progresstest.Recorder
		tc.request.App = app
		tc.request.Getenv = func(name string) string { return map[string]string{"ARMATURE_BUILDER": tc.inEnvironment}[name] }
		got, err := tc.request.chooseBuilder(&descriptor.Descriptor{Builder: tc.apps}, progress.New(said.Event))
		if tc.fail != "" {
			if !errors.Is(err, &failure.Failure{ID: tc.fail}) {
				t.Errorf("%s: got %v, want %s", tc.name, err, tc.fail)
			}
			continue
		}
		if err != nil || got != (chosen{tc.want, tc.by}) || !strings.Contains(said.String(), tc.note) || (tc.note == "") != (said.String() == "") {
			t.Errorf("%s: got %+v, %q, %v", tc.name, got, &said, err)
		}
	}
}

func TestTheAppsBuilderLiesInTheApp(t *testing.T) {
	base := t.TempDir()
	app := base + "/app"
	write(t, base+"/outside/index.json", "{}")
	write(t, app+"/good/index.json", "{}")
	write(t, app+"/linked/index.json", "{}")
	for _, link := range [][2]string{{base + "/outside", app + "/link"}, {"/etc/passwd", app + "/linked/blob"}, {base, app + "/up"}} {
		if err := os.Symlink(link[0], link[1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, good := range []string{"good", "./good", app + "/good", "./link/../good"} {
		if got, err := insideApp(app, good); err != nil || got != app+"/good" {
			t.Errorf("%q: got %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{"../outside", base + "/outside", "link", "./link", "linked", "up/outside", "/", "..", "./none"} {
		if got, err := insideApp(app, bad); err == nil {
			t.Errorf("%q: got %q, want an error", bad, got)
		}
	}
	if got, err := insideApp(app, "team/builder:1"); err != nil || got != "team/builder:1" {
		t.Errorf("a reference: got %q, %v", got, err)
	}
}
