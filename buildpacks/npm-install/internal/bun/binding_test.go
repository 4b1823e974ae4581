package bun

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestTheBindingIsBelowTheUsersConfiguration(t *testing.T) {
	const bound = "[install]\nregistry = { url = \"https://bound.example/\", token = \"secret\" }\n[install.scopes]\nx = \"https://x.example/\"\n"
	for _, row := range []struct {
		name     string
		bindings map[string]string // files by path
		users    string
		says     []string
		id       string
	}{
		{"none", nil, "[install]\n", nil, ""},
		{"alone", map[string]string{"a/bunfig.toml": bound}, "", []string{"https://bound.example/", "secret", "https://x.example/"}, ""},
		{"with the user's", map[string]string{"a/.bunfig.toml": bound}, "[install]\nregistry = \"https://own.example/\"\n", []string{"https://own.example/", "https://x.example/"}, ""},
		{"without a file", map[string]string{"a/other": bound}, "", nil, "bunfig-binding-invalid"},
		{"two", map[string]string{"a/bunfig.toml": bound, "b/bunfig.toml": bound}, "", nil, "bunfig-binding-invalid"},
		{"no TOML", map[string]string{"a/bunfig.toml": "[install"}, "", nil, "bunfig-binding-invalid"},
	} {
		t.Run(row.name, func(t *testing.T) {
			platform, home := t.TempDir(), t.TempDir()
			for path, text := range row.bindings {
				write(t, filepath.Join(platform, "bindings", path), text)
				write(t, filepath.Join(platform, "bindings", filepath.Dir(path), "type"), "bunfig")
			}
			if row.users != "" {
				write(t, filepath.Join(home, globalFile), row.users)
			}
			got, err := readBunfig(environ.List{"HOME=" + home}, platform)
			if row.id != "" && !errors.Is(err, &failure.Failure{ID: row.id}) || row.id == "" && err != nil {
				t.Fatalf("got %v, want %q", err, row.id)
			}
			if len(row.says) == 0 && got != "" || row.users != "" && strings.Contains(got, "bound.example") {
				t.Errorf("got %q", got)
			}
			for _, want := range row.says {
				if !strings.Contains(got, want) {
					t.Errorf("got %q, want %s", got, want)
				}
			}
			if key := strings.Join(settingsIn(got), " "); strings.Contains(key, "secret") {
				t.Errorf("a credential is in the key: %s", key)
			}
		})
	}
}

// One call has the files, and they are gone after it.
func TestTheConfigurationIsThereForOneCall(t *testing.T) {
	env, remove, err := config{bunfig: "a = 1\n"}.apply(environ.List{"HOME=/h"})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(env.Get("XDG_CONFIG_HOME"), globalFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || env.Get("NPM_CONFIG_USERCONFIG") != "" {
		t.Errorf("got %v, %v, %q", info, err, env)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it is left")
	}
}
