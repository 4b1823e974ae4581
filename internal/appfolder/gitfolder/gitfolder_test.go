package gitfolder_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/appfolder/gitfolder"
)

// git runs the real one, without anybody's configuration.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git on the PATH, which these tests compare with")
	}
	cmd := exec.Command("git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "HOME="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func write(t *testing.T, app string, files ...string) {
	t.Helper()
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
}

func expect(t *testing.T, app, folder string, wantTracked, wantKnown bool) {
	t.Helper()
	if tracked, known := gitfolder.Tracks(app, folder); tracked != wantTracked || known != wantKnown {
		t.Errorf("%s: got %v, %v, want %v, %v", folder, tracked, known, wantTracked, wantKnown)
	}
}

// Indexes of every kind that git writes.
func TestTracks(t *testing.T) {
	for _, tc := range []struct {
		name   string
		init   []string
		before func(t *testing.T, app string)
		after  func(t *testing.T, app string)
	}{
		{name: "version 2"},
		{name: "version 3", after: func(t *testing.T, app string) { git(t, app, "add", "--intent-to-add", "later") }},
		{name: "version 4", after: func(t *testing.T, app string) { git(t, app, "update-index", "--index-version", "4") }},
		{name: "split", after: func(t *testing.T, app string) {
			git(t, app, "update-index", "--split-index")
			git(t, app, "add", "later")
		}},
		{name: "with sha256", init: []string{"--object-format=sha256"}},
		{name: "with sha256 in version 4", init: []string{"--object-format=sha256"}, after: func(t *testing.T, app string) { git(t, app, "update-index", "--index-version", "4") }},
		{name: "with extensions", after: func(t *testing.T, app string) {
			git(t, app, "commit", "--quiet", "-m", "x")
			git(t, app, "update-index", "--force-untracked-cache")
			git(t, app, "status")
		}},
		{name: "many files", before: func(t *testing.T, app string) {
			for i := range 300 {
				write(t, app, fmt.Sprintf("a/%0*d", i%200, i))
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			app := t.TempDir()
			git(t, app, append([]string{"init", "--quiet"}, tc.init...)...)
			write(t, app, ".gitignore=/node_modules\n", "package.json={}", "packages/a/node_modules/x/index.js", "z/y", "node_modules/a/index.js", "node_modulesx/a")
			if tc.before != nil {
				tc.before(t, app)
			}
			git(t, app, "add", ".")
			write(t, app, "later=x")
			if tc.after != nil {
				tc.after(t, app)
			}
			expect(t, app, "node_modules", false, true)
			expect(t, app, "packages/a/node_modules", true, true)
			expect(t, app, "z", true, true)
			expect(t, app, "z/y", true, true)
			expect(t, app, "packages/b/node_modules", false, true)
		})
	}
}

func TestTracksInAWorktreeAndASubmodule(t *testing.T) {
	module := t.TempDir()
	git(t, module, "init", "--quiet")
	write(t, module, "node_modules/a/index.js=x")
	git(t, module, "add", ".")
	git(t, module, "commit", "--quiet", "-m", "x")
	app := t.TempDir()
	git(t, app, "init", "--quiet")
	write(t, app, "package.json={}")
	git(t, app, "submodule", "--quiet", "add", module, "web")
	git(t, app, "add", ".")
	git(t, app, "commit", "--quiet", "-m", "x")
	expect(t, app, "web/node_modules", true, true)
	expect(t, app, "node_modules", false, true)
	expect(t, app, "web", true, true) // the submodule itself
	tree := filepath.Join(t.TempDir(), "tree")
	git(t, app, "worktree", "add", "--quiet", tree)
	expect(t, tree, "node_modules", false, false) // whose index is elsewhere
}

func TestTracksKnowsNothingWithoutAnIndex(t *testing.T) {
	app := t.TempDir()
	expect(t, app, "node_modules", false, false)
	write(t, app, ".git/HEAD=x")
	expect(t, app, "node_modules", false, false)
	git(t, app, "init", "--quiet", "fresh")
	expect(t, filepath.Join(app, "fresh"), "node_modules", false, false)
	for _, text := range []string{"", "DIRC", "x\x00", "DIRC\x00\x00\x00\x02\x00\x00\xff\xff" + strings.Repeat("\x00", 60), "DIRC\x00\x00\x00\x09\x00\x00\x00\x00" + strings.Repeat("\x00", 60), "DIRC\x00\x00\x00\x04\x00\x00\x00\x01" + strings.Repeat("\xff", 200)} {
		write(t, app, ".git/index="+text)
		expect(t, app, "node_modules", false, false)
	}
	if err := os.Remove(filepath.Join(app, ".git/index")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(app, ".git/index")); err != nil {
		t.Fatal(err)
	}
	expect(t, app, "node_modules", false, false)
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x01" + strings.Repeat("\x00", 100)))
	f.Add([]byte("DIRC\x00\x00\x00\x04\x00\x00\x00\x02" + strings.Repeat("\x00", 62) + "\x01a\x00" + strings.Repeat("\x00", 62) + "\x80\x80\x80\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		app := t.TempDir()
		write(t, app, ".git/index="+string(text))
		gitfolder.Tracks(app, "node_modules") // which must neither fail nor run on
	})
}

func TestIgnores(t *testing.T) {
	app := t.TempDir()
	write(t, app, ".gitignore=# node\nnode_modules/\r\n!/kept/node_modules\n", "deep/.gitignore=!node_modules\n", ".git/info/exclude=/own\n")
	for _, tc := range []struct{ folder, want string }{
		{"node_modules", ".gitignore"},
		{"packages/a/node_modules", ".gitignore"},
		{"kept/node_modules", ""},
		{"deep/node_modules", ""},
		{"own", ".git/info/exclude"},
		{"src", ""},
	} {
		if got := gitfolder.Ignores(app, tc.folder); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.folder, got, tc.want)
		}
	}
}

// Ordinary patterns mean what they mean to git.
func TestIgnoresAsGitDoes(t *testing.T) {
	lines := []string{"!node_modules/*", "node_modules/**", "node_modules", "node_modules/", "/node_modules", "/node_modules/", "**/node_modules", "packages/*/node_modules", "*/node_modules/", "!node_modules", "!/packages/a/node_modules", "packages", "node_*", "a/", "*.log", "# x", "", "/*", "!/packages", "dist  ", "node_modules/*"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 80 {
		app := t.TempDir()
		git(t, app, "init", "--quiet")
		var text []string
		for range 1 + random.IntN(3) {
			text = append(text, lines[random.IntN(len(lines))])
		}
		for _, folder := range []string{"node_modules", "packages/a/node_modules"} {
			write(t, app, folder+"/pkg/index.js=")
		}
		write(t, app, ".gitignore="+strings.Join(text, "\n")+"\n")
		said := strings.Fields(git(t, app, "status", "--ignored", "--porcelain", "--untracked-files=all"))
		for _, folder := range []string{"node_modules", "packages/a/node_modules"} {
			untracked := slices.Contains(said, folder+"/pkg/index.js") && said[slices.Index(said, folder+"/pkg/index.js")-1] == "??"
			got := gitfolder.Ignores(app, folder) != ""
			if got == untracked {
				t.Errorf("%q, %s: got ignored %v; git says\n%s", text, folder, got, strings.Join(said, " "))
			}
		}
	}
}
