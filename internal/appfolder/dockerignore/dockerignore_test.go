package dockerignore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/appfolder/dockerignore"
	"github.com/armature-cnb/armature/internal/failure"
)

// unset are no settings.
func unset(string) string { return "" }

// folder makes an app of files that have nothing in them, and of those that do:
// "name=text".
func folder(t *testing.T, files ...string) string {
	t.Helper()
	app := t.TempDir()
	for _, file := range files {
		name, text, _ := strings.Cut(file, "=")
		place := filepath.Join(app, name)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return app
}

// list are the files that are left, and folders without any.
func list(t *testing.T, app string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(app, func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(app, path)
		if entries, _ := os.ReadDir(path); (!entry.IsDir() || len(entries) == 0) && name != dockerignore.Name {
			all = append(all, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRemove(t *testing.T) {
	files := []string{"package.json", "src/a.ts", "src/a.test.ts", "src/deep/b.md", "README.md", "docs/x/y.md", "docs/keep.md", ".env", "dist/app.js", "test/a.js", "lib/test/b.js"}
	for _, tc := range []struct {
		name, text string
		removed    []string // the paths that are told
		left       []string
	}{
		{"nothing", "# comment only\n\n", nil, files},
		{"what most files have", "node_modules\nnpm-debug.log\nDockerfile\n.git\ndist\n*.md\ntest\n.env\n", []string{".env", "README.md", "dist", "test"},
			[]string{"package.json", "src/a.ts", "src/a.test.ts", "src/deep/b.md", "docs/x/y.md", "docs/keep.md", "lib/test/b.js"}},
		{"at every depth", "**/*.md\n**/test\n", []string{"README.md", "docs/keep.md", "docs/x/y.md", "lib/test", "src/deep/b.md", "test"},
			[]string{"package.json", "src/a.ts", "src/a.test.ts", ".env", "dist/app.js", "docs/x", "src/deep", "lib"}},
		{"all but some", "*\n!src\n!package.json\n", []string{".env", "README.md", "dist", "docs", "lib", "test"},
			[]string{"package.json", "src/a.ts", "src/a.test.ts", "src/deep/b.md"}},
		{"some of those again", "*\n!src\n!package.json\nsrc/**/*.test.ts\n", []string{".env", "README.md", "dist", "docs", "lib", "src/a.test.ts", "test"},
			[]string{"package.json", "src/a.ts", "src/deep/b.md"}},
		{"an exception in a folder", "docs\n!docs/keep.md\n", []string{"docs/x"}, slices.DeleteFunc(slices.Clone(files), func(s string) bool { return s == "docs/x/y.md" })},
		{"an exception by a pattern", "*\n!**/*.js\n!package.json\n", []string{".env", "README.md", "docs", "src"}, []string{"package.json", "dist/app.js", "test/a.js", "lib/test/b.js"}},
		{"the last line decides", "!docs/keep.md\ndocs\n", []string{"docs"}, slices.DeleteFunc(slices.Clone(files), func(s string) bool { return strings.HasPrefix(s, "docs") })},
		{"slashes, blanks, carriage returns and a mark", "\ufeff/docs/\r\n  dist  \r\n./test\r\n", []string{"dist", "docs", "test"},
			[]string{"package.json", "src/a.ts", "src/a.test.ts", "src/deep/b.md", "README.md", ".env", "lib/test/b.js"}},
		{"one character and classes", "src/?.ts\n[R]EADME.md\n", []string{"README.md", "src/a.ts"}, slices.DeleteFunc(slices.Clone(files), func(s string) bool { return s == "src/a.ts" || s == "README.md" })},
	} {
		t.Run(tc.name, func(t *testing.T) {
			app := folder(t, append(slices.Clone(files), ".dockerignore="+tc.text)...)
			file, err := dockerignore.Read(app, unset)
			if err != nil {
				t.Fatal(err)
			}
			removed, err := file.Remove(app, func(place string) bool { return place == dockerignore.Name })
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(removed)
			if !slices.Equal(removed, tc.removed) {
				t.Errorf("removed %q, want %q", removed, tc.removed)
			}
			got, want := list(t, app), slices.Clone(tc.left)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("left are %q, want %q", got, want)
			}
		})
	}
}

func TestWhatIsSparedStays(t *testing.T) {
	app := folder(t, ".dockerignore=*\n!src\n", ".git/HEAD=x", "src/a", "other/b")
	if err := os.Symlink("/etc", filepath.Join(app, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(app, "other"), 0o555); err != nil {
		t.Fatal(err)
	}
	file, err := dockerignore.Read(app, unset)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Remove(app, func(place string) bool { return place == ".git" }); err != nil {
		t.Fatal(err)
	}
	if got := list(t, app); !slices.Equal(got, []string{".git/HEAD", "src/a"}) {
		t.Errorf("left are %q", got)
	}
}

func TestWhenItHasNoSay(t *testing.T) {
	const out = ".dockerignore=docs\n"
	for _, tc := range []struct {
		name  string
		files []string
		value string
		out   bool
	}{
		{"it has", []string{out}, "", true},
		{"there is none", nil, "", false},
		{"it is switched off", []string{out}, "false", false},
		{"project.toml includes", []string{out, "project.toml=[build]\ninclude = [\"docs\", \"*.js\"]\n"}, "", false},
		{"project.toml of the other schema includes", []string{out, "project.toml=[_]\nschema-version = \"0.2\"\n[io.buildpacks]\ninclude = [\"docs\"]\n"}, "", false},
		{"project.toml excludes something else", []string{out, "project.toml=[build]\nexclude = [\"x\"]\n"}, "", true},
		{"project.toml says that it is not excluded", []string{out, "project.toml=[build]\nexclude = [\"*.md\", \"!docs\"]\n"}, "", false},
		{"project.toml cannot be read", []string{out, "project.toml=[["}, "", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			app := folder(t, append(tc.files, "docs/a")...)
			file, err := dockerignore.Read(app, func(string) string { return tc.value })
			if err != nil {
				t.Fatal(err)
			}
			if got := file.LeavesOut("docs"); got != tc.out {
				t.Errorf("got %v, want %v", got, tc.out)
			}
			if _, err := file.Remove(app, func(string) bool { return false }); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(app, "docs/a")); (err != nil) != tc.out {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatIsNeeded(t *testing.T) {
	for _, tc := range []struct{ text, says string }{
		{"dist\npackage.json\n", `leaves out package.json, which the build needs: line 2 is "package.json"`},
		{"# all\n*\n!src\n", `line 2 is "*"`},
		{"*.json\n!package.json\npackage-lock.json\n", `leaves out package-lock.json, which the build needs: line 3 is "package-lock.json"`},
		{"packages\n", `leaves out packages/web/package.json, which the build needs: line 1 is "packages"`},
		{"**/package-lock.json\n", "line 1"},
		{"*\n!package*.json\n!packages\n", ""},
		{"node_modules\n*.md\n", ""},
	} {
		app := folder(t, ".dockerignore="+tc.text)
		file, err := dockerignore.Read(app, unset)
		if err != nil {
			t.Fatal(err)
		}
		err = file.Needed("package.json", "package-lock.json", "packages/web/package.json")
		if tc.says == "" {
			if err != nil {
				t.Errorf("%q: got %v", tc.text, err)
			}
			continue
		}
		if !errors.Is(err, &failure.Failure{ID: dockerignore.NeededID}) || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), "BP_USE_DOCKERIGNORE=false") {
			t.Errorf("%q: got %v, want %s", tc.text, err, tc.says)
		}
	}
}

// What Windows' tools write hides no line: a secret would be in the image.
func TestAByteOrderMarkAndUTF16AreRead(t *testing.T) {
	for _, tc := range []struct{ name, text string }{
		{"UTF-8", "\xef\xbb\xbfsecret\r\nother\r\n"},
		{"UTF-16, little end first", "\xff\xfes\x00e\x00c\x00r\x00e\x00t\x00\r\x00\n\x00"},
		{"UTF-16, big end first", "\xfe\xff\x00s\x00e\x00c\x00r\x00e\x00t\x00\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file, err := dockerignore.Read(folder(t, ".dockerignore="+tc.text), unset)
			if err != nil {
				t.Fatal(err)
			}
			if !file.LeavesOut("secret") || file.LeavesOut("another") {
				t.Error("got another list")
			}
		})
	}
}

func TestAnInvalidFileIsAnError(t *testing.T) {
	for _, tc := range []struct{ text, says string }{
		{"ok\n[a\n", "line 2"},
		{"!\n", "line 1"},
		{"x\n# c\n  a[b-\n", "line 3"},
		{"x\na/**/[z-a]\n", "line 2: \"a/**/[z-a]\": "},
		{"x\n\n!a/**/[z-a]\n", "line 3"},
		{"[z-a]\n", "line 1"},
		{"a/*/[z-a]/**\n", "line 1"},
		{"**/[z-a]\n", "line 1"},
		{".\x00e\x00n\x00v\x00", "want UTF-8"},
		{"\xff\xfex", "UTF-16"},
	} {
		_, err := dockerignore.Read(folder(t, ".dockerignore="+tc.text), unset)
		if !errors.Is(err, &failure.Failure{ID: dockerignore.InvalidID}) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%q: got %v", tc.text, err)
		}
	}
	app := folder(t, ".dockerignore/x")
	if _, err := dockerignore.Read(app, unset); !errors.Is(err, &failure.Failure{ID: dockerignore.InvalidID}) {
		t.Errorf("a folder: got %v", err)
	}
	if _, err := dockerignore.Read(app, func(string) string { return "perhaps" }); !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) {
		t.Errorf("got %v", err)
	}
}
