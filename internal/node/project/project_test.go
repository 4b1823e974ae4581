package project_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/project"
)

func TestDir(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "app", "web"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "app", "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	app := filepath.Join(root, "app")
	for _, tc := range []struct {
		name, value, want string
		bad               bool
	}{
		{name: "unset is the app's root", value: "", want: app},
		{name: "a dot is the app's root", value: ".", want: app},
		{name: "a folder", value: "web", want: filepath.Join(app, "web")},
		{name: "a folder with needless parts", value: "./web/../web/", want: filepath.Join(app, "web")},
		{name: "a leading slash is the app's root", value: "/web", want: filepath.Join(app, "web")},
		{name: "missing", value: "api", bad: true},
		{name: "a file", value: "file", bad: true},
		{name: "out of the app", value: "../app2", bad: true},
		{name: "above the app", value: "..", bad: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := project.Dir(app, func(string) string { return tc.value })
			if errors.Is(err, &failure.Failure{ID: "project-path-invalid"}) != tc.bad {
				t.Fatalf("got %q, %v", got, err)
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
