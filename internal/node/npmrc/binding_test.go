package npmrc_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

func TestBinding(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files []string // "<path>=<text>"
		want  string
		bad   string
	}{
		{name: "none", files: []string{"ca/type=ca-certificates"}},
		{name: "one", files: []string{"ca/type=ca-certificates", "a/type=NPMRC\n", "a/.npmrc="}, want: "a/.npmrc"},
		{name: "an old one", files: []string{"a/metadata/kind=npmrc", "a/metadata/provider=x", "a/secret/.npmrc="}, want: "a/secret/.npmrc"},
		{name: "two", files: []string{"a/type=npmrc", "a/.npmrc=", "b/type=npmrc", "b/.npmrc="}, bad: "there are 2"},
		{name: "one without the entry", files: []string{"a/type=npmrc", "a/npmrc="}, bad: `"a" of the type npmrc has no entry .npmrc`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			platform := t.TempDir()
			for _, file := range tc.files {
				name, text, _ := strings.Cut(file, "=")
				path := filepath.Join(platform, "bindings", name)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			var bindings []servicebindings.Binding
			for _, kind := range []string{"ca-certificates", npmrc.BindingType} {
				found, err := servicebindings.NewResolver().Resolve(kind, "", platform)
				if err != nil {
					t.Fatal(err)
				}
				bindings = append(bindings, found...)
			}
			got, err := npmrc.Binding(bindings)
			if tc.bad != "" {
				if !errors.Is(err, &failure.Failure{ID: "npmrc-binding-invalid"}) || !strings.Contains(err.Error(), tc.bad) {
					t.Errorf("got %v, want %s", err, tc.bad)
				}
				return
			}
			if want := filepath.Join(platform, "bindings", tc.want); err != nil || tc.want == "" && got != "" || tc.want != "" && got != want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestABindingThatIsNoFileBecomesOne(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const text = "//registry.example/:_authToken=secret\n"
	binding := servicebindings.Binding{Name: "a", Type: "npmrc", Entries: map[string]*servicebindings.Entry{".npmrc": servicebindings.NewWithValue([]byte(text))}}
	first, err := npmrc.Binding([]servicebindings.Binding{binding})
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(first)
	if err != nil || string(got) != text {
		t.Errorf("got %q, %v", got, err)
	}
	if info, err := os.Stat(first); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got the mode %v, %v, want 0600", info.Mode(), err)
	}
	if again, err := npmrc.Binding([]servicebindings.Binding{binding}); again != first || err != nil {
		t.Errorf("the second time: got %q, %v, want %q", again, err, first)
	}
}
