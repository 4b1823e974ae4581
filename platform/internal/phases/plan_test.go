//go:build linux

package phases

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// planned is a script with a plan in which a buildpack has decided something.
const planned = `{"Plan": "[[entries]]\n[[entries.requires]]\nname = \"armature-decisions\"\n[[entries.requires.metadata.decisions]]\ntopic = \"node\"\ndecision = \"24.1.0\"\nevidence = \"a file\"\n"}`

func kept(t *testing.T, s *site) (all []string) {
	t.Helper()
	for _, folder := range []string{"builds", "work"} {
		entries, _ := filepath.Glob(filepath.Join(s.home.Dir, folder, "*"))
		all = append(all, entries...)
	}
	return all
}

func TestAPlanIsWhatDetectionDecides(t *testing.T) {
	s := newSite(t, plain)
	s.script(t, planned)
	before := kept(t, s)
	got, err := Plan(t.Context(), s.options())
	if want := []decisions.Decision{{Topic: decisions.Node, Decision: "24.1.0", Evidence: "a file"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if after := kept(t, s); !slices.Equal(before, after) {
		t.Errorf("it leaves something: %q, before it %q", after, before)
	}
	s.said.Reset()
	options := s.options()
	options.TellPlan = true
	if _, err := once(t, options); err != nil {
		t.Fatal(err)
	}
	if text := s.said.String(); strings.Index(text, "Node.js: 24.1.0 (a file)") < strings.Index(text, "===> detecting") || strings.Index(text, "===> restoring") < strings.Index(text, "Node.js: 24.1.0") {
		t.Errorf("the build does not say it between detection and what follows:\n%s", text)
	}
	s.said.Reset()
	if _, err := once(t, s.options()); err != nil {
		t.Fatal(err)
	}
	if text := s.said.String(); strings.Contains(text, "24.1.0") {
		t.Errorf("a build that need not say it does:\n%s", text)
	}
}

func TestAnAppThatNobodyTakesHasNoPlan(t *testing.T) {
	s := newSite(t, plain)
	s.script(t, `{"Status": {"detecting": 20}, "Say": "======== Output: a/engine@1 ========\n[a-b] cause\nTo fix it: remedy\n======== Results ========\nfail: a/engine@1\nERROR: failed to detect"}`)
	_, err := Plan(t.Context(), s.options())
	_, built := once(t, s.options())
	var f *failure.Failure
	if !errors.As(err, &f) || f.ID != "a-b" || built == nil || built.Error() != err.Error() {
		t.Errorf("got %v, and of the build %v", err, built)
	}
}

// The detector of a build gets the target from the analyzer.
func TestDetectionKnowsTheTarget(t *testing.T) {
	b := bare(t)
	b.run = &runImage{recorded: "run@sha256:x", image: emptyFor("linux", "arm64", map[string]string{distroNameLabel: "debian", distroVersionLabel: "13"})}
	h, err := home.Open(t.TempDir(), os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	if b.work, err = h.NewWork(); err != nil {
		t.Fatal(err)
	}
	defer b.work.Close()
	if _, err := b.work.Folder("room/layers", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := b.writeAnalyzed(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(b.work.Path("room/layers/analyzed.toml"))
	if err != nil {
		t.Fatal(err)
	}
	var read analyzed
	if err := toml.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	to := read.RunImage.Target
	if to.OS != "linux" || to.Arch != "arm64" || to.Distro == nil || *to.Distro != (distro{"debian", "13"}) {
		t.Errorf("got %s", text)
	}
}

func TestAPlanOfNoBuilderIsAnError(t *testing.T) {
	options := Options{
		Builder: filepath.Join(t.TempDir(), "nowhere"), App: t.TempDir(), Host: hostTarget(t), Target: hostTarget(t),
		Home: openHome(t), Way: sandbox.Users, Log: progress.New(nil), Registries: images.Registries{Offline: true},
	}
	if all, err := Plan(t.Context(), options); err == nil || !strings.Contains(err.Error(), "nowhere") || all != nil {
		t.Errorf("got %v, %v", all, err)
	}
}

func TestAPlanThatCannotBeReadIsAnError(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"no folder": {os.RemoveAll, "no such file"},
		"a folder":  {func(dir string) error { return os.Mkdir(filepath.Join(dir, planFile), 0o755) }, "reading plan.toml of the lifecycle"},
		"no TOML":   {func(dir string) error { return os.WriteFile(filepath.Join(dir, planFile), []byte("["), 0o644) }, "toml"},
	} {
		b := bare(t)
		var err error
		if b.work, err = b.Home.NewWork(); err != nil {
			t.Fatal(err)
		}
		defer b.work.Close()
		layers, err := b.work.Folder("room/layers", 0o755)
		if err == nil {
			err = tc.spoil(layers)
		}
		if err != nil {
			t.Fatal(err)
		}
		if all, err := b.decisions(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, %v, want %s", name, all, err, tc.want)
		}
	}
}
