package npmrc_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/node/npmrc"
)

func settings(t *testing.T, text string, environ ...string) []string {
	t.Helper()
	got, err := npmrc.Settings(filepath.Join(place(t, text), ".npmrc"), environ)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSettingsThatAreTheSame(t *testing.T) {
	const base = "registry=https://r.example/\n//r.example/:_authToken=one\nomit[]=dev\n"
	for _, row := range []struct{ name, text string }{
		{"another token", "registry=https://r.example/\n//r.example/:_authToken=two\nomit[]=dev\n"},
		{"no token", "registry=https://r.example/\nomit[]=dev\n"},
		{"a token out of a variable", "registry=https://r.example/\n//r.example/:_authToken=${TOKEN}\nomit[]=dev\n"},
		{"another way to log in", base + "//r.example/:username=me\n//r.example/:_password=c2VjcmV0\n//r.example/:email=a@b.example\n"},
		{"a login for everything", base + "_auth=YTpi\n_authToken=x\n"},
		{"a client's certificate", base + "//r.example/:certfile=/tmp/a.pem\n//r.example/:keyfile=/tmp/a.key\n"},
		{"a login in the address", strings.Replace(base, "https://", "https://me:secret@", 1)},
		{"comments and spaces", "# ours\n registry = https://r.example/ ; ours\n\nomit[] = dev"},
		{"another order", "omit[]=dev\nregistry=https://r.example/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, want := settings(t, row.text, "TOKEN=a"), settings(t, base, "TOKEN=b"); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestSettingsThatDiffer(t *testing.T) {
	const base = "registry=https://r.example/\nomit[]=dev\n"
	for _, row := range []struct{ name, text string }{
		{"another registry", "registry=https://other.example/\nomit[]=dev\n"},
		{"another list", base + "omit[]=optional\n"},
		{"a list in another order", "registry=https://r.example/\nomit[]=optional\nomit[]=dev\n"},
		{"no list", "registry=https://r.example/\nomit=dev\n"},
		{"one more", base + "legacy-peer-deps=true\n"},
		{"one more in a section", base + "[x]\na=1\n"},
		{"a key alone", base + "legacy-peer-deps\n"},
		{"a variable", "registry=https://${HOST}/\nomit[]=dev\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, want := settings(t, row.text, "HOST=x.example"), settings(t, base); slices.Equal(got, want) {
				t.Errorf("got %q for both", got)
			}
		})
	}
	if slices.Equal(settings(t, "registry=https://${HOST}/", "HOST=a"), settings(t, "registry=https://${HOST}/", "HOST=b")) {
		t.Error("the value of a variable does not count")
	}
}

func TestSettingsOfNoFile(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), ".npmrc")} {
		if got, err := npmrc.Settings(path, nil); got != nil || err != nil {
			t.Errorf("%q: got %q, %v", path, got, err)
		}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".npmrc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := npmrc.Settings(filepath.Join(dir, ".npmrc"), nil); err == nil {
		t.Error("a folder: got no error")
	}
}

func TestIsCredential(t *testing.T) {
	for _, row := range []struct {
		key  string
		want bool
	}{
		{"//r.example/:_authToken", true}, {"//r.example/:_auth", true}, {"//r.example:8443/npm/:_password", true}, {"//r.example/:username", true},
		{"//r.example/:tokenHelper", true}, {"_auth", true}, {"_AUTHTOKEN", true}, {"key", true},
		{"registry", false}, {"@scope:registry", false}, {"keyword", false}, {"cafile", false}, {"//r.example/:cafile", false},
	} {
		if got := npmrc.IsCredential(row.key); got != row.want {
			t.Errorf("%s: got %t", row.key, got)
		}
	}
}
