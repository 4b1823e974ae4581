package bindings_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/bindings"
	"github.com/armature-cnb/armature/internal/failure"
)

// bind makes a binding of a type in a folder of them; one without a type when
// that is empty.
func bind(t *testing.T, root, name, kind string) {
	t.Helper()
	dir := filepath.Join(root, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"entry": "text"}
	if kind != "" {
		files["type"] = kind
	}
	for file, text := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFindUsesTheFirstExistingSource(t *testing.T) {
	platform, own, older := t.TempDir(), t.TempDir(), t.TempDir()
	bind(t, filepath.Join(platform, "bindings"), "platforms", "npmrc")
	bind(t, own, "own", "npmrc")
	bind(t, own, "other", "ca-certificates")
	bind(t, older, "older", "npmrc")
	for _, tc := range []struct {
		name, value, want string
	}{
		{"", "", "platforms"},
		{"VCAP_SERVICES", `{"x":[{"name":"vcap","label":"npmrc","credentials":{".npmrc":"a=b"}}]}`, "vcap"},
		{"CNB_BINDINGS", older, "older"},
		{"SERVICE_BINDING_ROOT", own, "own"},
	} { // each overrides those above
		if tc.name != "" {
			t.Setenv(tc.name, tc.value)
		}
		found, err := bindings.Find(servicebindings.NewResolver(), platform, "npmrc")
		if err != nil || len(found) != 1 || found[0].Name != tc.want {
			t.Errorf("%s: got %v, %v, want %s", tc.name, found, err, tc.want)
		}
	}
	found, err := bindings.Find(servicebindings.NewResolver(), platform, "npmrc", "ca-certificates")
	if err != nil || len(found) != 2 {
		t.Errorf("two types: got %v, %v", found, err)
	}
}

func TestFindSaysThatABindingHasNoType(t *testing.T) {
	platform := t.TempDir()
	bind(t, filepath.Join(platform, "bindings"), "nameless", "")
	_, err := bindings.Find(servicebindings.NewResolver(), platform, "npmrc")
	if !errors.Is(err, &failure.Failure{ID: "service-binding-invalid"}) {
		t.Errorf("got %v", err)
	}
}
