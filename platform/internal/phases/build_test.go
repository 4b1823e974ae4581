//go:build linux

package phases

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/internal/progress/progresstest"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func image(t *testing.T, label string, env ...string) v1.Image {
	t.Helper()
	config := v1.ConfigFile{OS: "linux", Architecture: "amd64", Config: v1.Config{Env: env}}
	if label != "" {
		config.Config.Labels = map[string]string{labels.Builder: label}
	}
	img, err := mutate.ConfigFile(empty.Image, &config)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

const goodLabel = `{"images":[{"image":"armature/run:arm64"}],"lifecycle":{"version":"0.21.17","apis":{"platform":{"deprecated":[],"supported":["0.7","0.14","0.13"]}}}}`

func TestABuilderSaysWhoBuildsAndHow(t *testing.T) {
	b, err := readBuilder(image(t, goodLabel, "PATH=/bin", "CNB_USER_ID=1001", "CNB_GROUP_ID=1000"), "x")
	if err != nil {
		t.Fatal(err)
	}
	if b.user != 1001 || b.group != 1000 || b.platformAPI != "0.14" || b.runImages[0].Image != "armature/run:arm64" {
		t.Errorf("got %+v", b)
	}
}

func TestWhatIsNoBuilderSaysWhy(t *testing.T) {
	ids := []string{"CNB_USER_ID=1001", "CNB_GROUP_ID=1000"}
	for _, tc := range []struct {
		name, label string
		env         []string
		want        string
	}{
		{"an image without the label", "", ids, "it has no label"},
		{"a label that is no JSON", "{", ids, "unexpected end"},
		{"a lifecycle of long ago", strings.ReplaceAll(goodLabel, `"0.14","0.13"`, `"0.3"`), ids, "0.7, 0.3, want one of"},
		{"no user", goodLabel, ids[1:], "no CNB_USER_ID"},
		{"root", goodLabel, []string{"CNB_USER_ID=0", "CNB_GROUP_ID=1000"}, `CNB_USER_ID is "0"`},
		{"root in disguise", goodLabel, []string{"CNB_USER_ID=4294967296", "CNB_GROUP_ID=1000"}, `CNB_USER_ID is "4294967296"`},
		{"no group", goodLabel, ids[:1], "no CNB_GROUP_ID"},
		{"no number", goodLabel, []string{"CNB_USER_ID=cnb", "CNB_GROUP_ID=1000"}, `CNB_USER_ID is "cnb"`},
	} {
		_, err := readBuilder(image(t, tc.label, tc.env...), "the-image")
		if !errors.Is(err, &failure.Failure{ID: "not-a-builder"}) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "the-image") {
			t.Errorf("%s: got %v, want %q in it", tc.name, err, tc.want)
		}
	}
}

func TestOnlyTheReferenceInTheLabelChanges(t *testing.T) {
	config := []byte(`{"config":{"Labels":{"a":"127.0.0.1:1/run@sha256:x","io.buildpacks.lifecycle.metadata":"{\"runImage\":{\"reference\":\"127.0.0.1:1/run@sha256:x\",\"image\":\"r\"}}"}}}`)
	got, err := rename(config, "127.0.0.1:1/run@sha256:x", "index.docker.io/armature/run@sha256:x")
	want := bytes.Replace(config, []byte(`\"reference\":\"127.0.0.1:1/run@`), []byte(`\"reference\":\"index.docker.io/armature/run@`), 1)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	if _, err := rename(config, "127.0.0.1:2/run@sha256:x", "y"); err == nil || !strings.Contains(err.Error(), "0 times") {
		t.Errorf("got %v", err)
	}
}

func TestThePlatformFolderHoldsVariablesAndBindings(t *testing.T) {
	dir, binding := t.TempDir(), filepath.Join(t.TempDir(), "db")
	for path, text := range map[string]string{"type": "postgres", "..data/password": "secret"} {
		os.MkdirAll(filepath.Dir(filepath.Join(binding, path)), 0o755)
		os.WriteFile(filepath.Join(binding, path), []byte(text), 0o600)
	}
	os.Symlink("..data/password", filepath.Join(binding, "password"))
	none := func(string) string { return "" }
	if err := writePlatform(dir, map[string]string{"BP_X": "1\n2"}, []string{binding}, none); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"env/BP_X": "1\n2", "bindings/db/type": "postgres", "bindings/db/password": "secret"} {
		if got, err := os.ReadFile(filepath.Join(dir, path)); string(got) != want {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
}

func TestBindingsAndNamesThatLeadElsewhereAreRefused(t *testing.T) {
	none := func(string) string { return "" }
	climbing := filepath.Join(t.TempDir(), "climbing")
	os.MkdirAll(climbing, 0o755)
	os.WriteFile(filepath.Join(climbing, "type"), []byte("x"), 0o644)
	os.Symlink("/etc/passwd", filepath.Join(climbing, "password"))
	for name, bindings := range map[string][]string{
		"a link out of the binding": {climbing}, "a folder without a type": {t.TempDir()}, "no folder": {"/nowhere"},
	} {
		if err := writePlatform(t.TempDir(), nil, bindings, none); !errors.Is(err, &failure.Failure{ID: "binding-unusable"}) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, name := range []string{"../x", "a/b", "", ".", "..", "1A", "A B"} {
		if err := writePlatform(t.TempDir(), map[string]string{name: "x"}, nil, none); !errors.Is(err, &failure.Failure{ID: "env-name"}) {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestTheLifecyclesOutputBecomesPhases(t *testing.T) {
	var out progresstest.Recorder
	w := newWatcher(progress.New(out.Event), "app", nil)
	w.names = strings.NewReplacer("127.0.0.1:1/app:latest", "app")
	stdout := w.stream()
	for _, piece := range []string{"===> ANALY", "ZING\nImage with name \"127.0.0.1:1/app:latest\" not found\n===> BUIL", "DING\n  one\r\n*** Images (sha256:1):\n      127.0.0.1:1/app:latest\nlast"} {
		stdout.Write([]byte(piece))
	}
	stdout.Write([]byte("\nERROR: failed to build: exit status 75"))
	w.end(false)
	for _, want := range []string{"===> analyzing\n", "Image with name \"app\" not found\n", "===> building\n  one\n", "last\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	if len(out.Spans()) != 2 || strings.Contains(out.String(), "Images (") || strings.Contains(out.String(), "127.0.0.1") {
		t.Errorf("got\n%s", &out)
	}
	var f *failure.Failure
	if err := w.failed(sandbox.Status{Code: 51}); !errors.As(err, &f) || f.ID != "build-failed" || !f.Transient {
		t.Errorf("got %v", err)
	}
	full := newWatcher(progress.New(nil), "app", nil)
	full.stream().Write([]byte("ERROR: failed to export: write /layers/x.tar: no space left on device\n"))
	full.end(true)
	if err := full.failed(sandbox.Status{Code: 62}); !errors.Is(err, &failure.Failure{ID: "disk-full"}) {
		t.Errorf("got %v", err)
	}
	if err := w.failed(sandbox.Status{Code: 62}); errors.As(err, new(*failure.Failure)) {
		t.Errorf("got %v, want a fault of nobody's", err)
	}
	if err := (&watcher{}).failed(sandbox.Status{Code: 20}); !errors.Is(err, &failure.Failure{ID: "no-buildpack-applies"}) {
		t.Errorf("got %v", err)
	}
}

func TestAnImageForAnotherTargetIsRefused(t *testing.T) {
	_, image := labelled(t, targets.LinuxARM64)
	b := &Build{Options: Options{Target: targets.LinuxAMD64}, run: &runImage{image: image}}
	if err := b.check(image); err == nil || !strings.Contains(err.Error(), "for linux/arm64, want linux/amd64") {
		t.Errorf("got %v", err)
	}
}
