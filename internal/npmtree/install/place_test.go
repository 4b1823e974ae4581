package install_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/npmregistry"
	"github.com/armature-cnb/armature/internal/npmtree"
	"github.com/armature-cnb/armature/internal/npmtree/install"
)

// A folder that is a dependency keeps its node_modules: only those of the project
// and of its workspaces are cleared.
func TestWhatIsAtAPackagesPlace(t *testing.T) {
	for _, row := range []struct {
		name   string
		before func(t *testing.T, folder, outside string)
		want   string // of the handover; empty for an install
	}{
		{name: "nothing", before: func(*testing.T, string, string) {}},
		{name: "a file of another version", before: func(t *testing.T, folder, _ string) {
			writeText(t, filepath.Join(folder, "node_modules/nested/stale.js"), "stale")
		}},
		{name: "a link", before: func(t *testing.T, folder, outside string) {
			symlink(t, outside, filepath.Join(folder, "node_modules/nested"))
		}},
		{name: "a link above it", want: "folder/node_modules is no folder", before: func(t *testing.T, folder, outside string) {
			symlink(t, outside, filepath.Join(folder, "node_modules"))
		}},
		{name: "a link above a program", want: "folder/node_modules/.bin is no folder", before: func(t *testing.T, folder, outside string) {
			symlink(t, outside, filepath.Join(folder, "node_modules/.bin"))
		}},
		{name: "a link to the folder", want: "folder is no folder", before: func(t *testing.T, folder, outside string) {
			if err := os.Rename(folder, filepath.Join(outside, "folder")); err != nil {
				t.Fatal(err)
			}
			symlink(t, filepath.Join(outside, "folder"), folder)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			registry := serve(t)
			dir, outside := filepath.Join(t.TempDir(), "app"), t.TempDir()
			root := object{"name": "app", "dependencies": object{"folder": "file:folder"}}
			folder := object{"name": "folder", "version": "1.0.0", "dependencies": object{"nested": "2"}}
			write(t, dir, "package.json", root)
			write(t, dir, "folder/package.json", folder)
			write(t, dir, "package-lock.json", object{"name": "app", "lockfileVersion": 3, "packages": object{
				"": root, "folder": folder, "node_modules/folder": object{"resolved": "folder", "link": true},
				"folder/node_modules/nested": registry.entry("nested@2.1.0", true, nil),
			}})
			row.before(t, filepath.Join(dir, "folder"), outside)
			err := installInto(t, dir, registry, "11.19.1")
			if row.want != "" {
				var handover *npmtree.Handover
				if !errors.As(err, &handover) || !strings.Contains(err.Error(), row.want) {
					t.Errorf("got %v, want %q", err, row.want)
				}
			} else if err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(filepath.Join(dir, "folder/node_modules/nested/stale.js")); err == nil {
				t.Error("got the file of another version, want it removed")
			}
			for _, name := range []string{"tool.js", "nested", "package.json"} {
				if _, err := os.Lstat(filepath.Join(outside, name)); err == nil {
					t.Errorf("got %s where a link leads to", name)
				}
			}
		})
	}
}

// Nothing is fetched or removed for a lockfile whose integrity cannot be checked.
func TestAnIntegrityThatCannotBeChecked(t *testing.T) {
	for _, integrity := range []string{"sha1-eA==", "sha384-" + strings.Repeat("A", 64)} {
		registry := serve(t)
		dir := t.TempDir()
		root := object{"name": "app", "dependencies": object{"beta": "1", "nested": "2"}}
		write(t, dir, "package.json", root)
		write(t, dir, "package-lock.json", object{"name": "app", "lockfileVersion": 3, "packages": object{"": root,
			"node_modules/beta":   registry.entry("beta@1.2.0", true, nil),
			"node_modules/nested": registry.entry("nested@2.1.0", true, object{"integrity": integrity}),
		}})
		writeText(t, filepath.Join(dir, "node_modules/old/index.js"), "")
		err := installInto(t, dir, registry, "11.19.1")
		var handover *npmtree.Handover
		if !errors.As(err, &handover) || !strings.Contains(err.Error(), "node_modules/nested: ") {
			t.Errorf("%s: got %v", integrity, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "node_modules/old/index.js")); err != nil {
			t.Errorf("%s: got %v, want what was there", integrity, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "node_modules/beta")); err == nil {
			t.Errorf("%s: got beta, want nothing fetched", integrity)
		}
	}
}

// npm 12 installs nothing from outside of its registry.
func TestAnAddressOutsideOfTheRegistry(t *testing.T) {
	for npm, want := range map[string]string{"11.19.1": "", "12.0.0": "node_modules/beta is from an address outside"} {
		registry := serve(t)
		dir := t.TempDir()
		root := object{"name": "app", "dependencies": object{"beta": "1"}}
		address := strings.Replace(registry.address, "127.0.0.1", "localhost", 1) + "beta/-/beta-1.2.0.tgz"
		write(t, dir, "package.json", root)
		write(t, dir, "package-lock.json", object{"name": "app", "lockfileVersion": 3, "packages": object{"": root,
			"node_modules/beta": registry.entry("beta@1.2.0", true, object{"resolved": address}),
		}})
		err := installInto(t, dir, registry, npm)
		var handover *npmtree.Handover
		if want == "" && err != nil || want != "" && (!errors.As(err, &handover) || !strings.Contains(err.Error(), want)) {
			t.Errorf("npm %s: got %v, want %q", npm, err, want)
		}
	}
}

func symlink(t *testing.T, to, place string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o755), os.Symlink(to, place)); err != nil {
		t.Fatal(err)
	}
}

// installInto installs the project in a folder as a version of npm does.
func installInto(t *testing.T, dir string, r *registry, npm string) error {
	t.Helper()
	platform := deps.Platform{OS: "linux", CPU: hostCPU, Libc: deps.Glibc}
	planned, err := npmtree.Plan(dir, npmtree.Options{NPM: semver.MustParse(npm), Node: semver.MustParse("24.12.0"), Host: platform, Target: platform})
	if err != nil {
		t.Fatal(err)
	}
	config, err := npmrc.Load(npmrc.Sources{Environ: environ.List{}, ProjectDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	main, _ := url.Parse(r.address)
	from, err := npmregistry.New(config, main)
	if err != nil {
		t.Fatal(err)
	}
	return install.Into(context.Background(), dir, planned, npmregistry.NewArchives(t.TempDir(), from, nil), nil)
}
