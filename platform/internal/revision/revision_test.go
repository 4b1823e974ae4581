//go:build linux

package revision_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/platform/internal/revision"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var commit = strings.Repeat("0123456789abcdef", 4)[:40]

func TestWhatAFolderHasCheckedOut(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  string // the source, or with a leading ! the error
	}{
		{"a branch", map[string]string{".git/HEAD": "ref: refs/heads/a/b\n", ".git/refs/heads/a/b": commit + "\n"}, ""},
		{"a commit", map[string]string{".git/HEAD": commit}, ""},
		{"a packed branch", map[string]string{".git/HEAD": "ref: refs/heads/main", ".git/packed-refs": "# pack-refs with: peeled\n" + strings.Repeat("1", 40) + " refs/heads/other\n" + commit + " refs/heads/main\n^" + strings.Repeat("2", 40) + "\n"}, ""},
		{"a branch of a branch", map[string]string{".git/HEAD": "ref: refs/heads/x", ".git/refs/heads/x": "ref: refs/heads/y\n", ".git/refs/heads/y": commit}, ""},
		{"an origin", map[string]string{".git/HEAD": commit, ".git/config": "[core]\n\turl = no\n[remote \"other\"]\n\turl = no\n[remote \"origin\"]\n\tfetch = +refs/*\n\tURL = https://x.example/y.git\n[branch \"main\"]\n\turl = no\n"}, "https://x.example/y.git"},
		{"an origin with a token", map[string]string{".git/HEAD": commit, ".git/config": "[remote \"origin\"]\nurl=https://me:token@x.example/y.git?token=1#2\n"}, "https://x.example/y.git"},
		{"an origin with a token for a user", map[string]string{".git/HEAD": commit, ".git/config": "[remote \"origin\"]\nurl=https://token@x.example/y.git\n"}, "https://x.example/y.git"},
		{"an origin over ssh", map[string]string{".git/HEAD": commit, ".git/config": "[remote \"origin\"]\nurl=ssh://git:secret@x.example/y.git\n"}, "ssh://git@x.example/y.git"},
		{"an origin like a copy's", map[string]string{".git/HEAD": commit, ".git/config": "[remote \"origin\"]\nurl=git@x.example:y.git\n"}, "git@x.example:y.git"},
		{"an origin that cannot be read", map[string]string{".git/HEAD": commit, ".git/config": "[remote \"origin\"]\nurl=https://me:token@x.example:port/y\n"}, ""},
		{"no commit yet", map[string]string{".git/HEAD": "ref: refs/heads/main"}, "!main has no commit yet"},
		{"a branch that leads out", map[string]string{".git/HEAD": "ref: ../../secret"}, "!want a commit or a branch"},
		{"a circle", map[string]string{".git/HEAD": "ref: a", ".git/a": "ref: a"}, "!from branch to branch"},
		{"something else", map[string]string{".git/HEAD": "x"}, "!want a commit or a branch"},
		{"no HEAD", map[string]string{".git/x": ""}, "!HEAD"},
		{"no repository", map[string]string{"x": ""}, "!no folder above it has a .git"},
		{"a worktree", map[string]string{".git": "gitdir: main/.git/worktrees/w\n", "main/.git/worktrees/w/HEAD": "ref: refs/heads/w", "main/.git/worktrees/w/commondir": "../..\n", "main/.git/refs/heads/w": commit, "main/.git/config": "[remote \"origin\"]\nurl=/a\n"}, "/a"},
		{"a file that names nothing", map[string]string{".git": "x"}, "!names no folder"},
	} {
		dir := t.TempDir()
		for path, text := range tc.files {
			write(t, filepath.Join(dir, path), text)
		}
		below := filepath.Join(dir, "packages/web")
		if err := os.MkdirAll(below, 0o755); err != nil {
			t.Fatal(err)
		}
		got, err := revision.Read(below)
		if want, failing := strings.CutPrefix(tc.want, "!"); failing {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %+v, %v, want %q", tc.name, got, err, want)
			}
			continue
		}
		if err != nil || got.Commit != commit || got.Source != tc.want {
			t.Errorf("%s: got %+v, %v, want %q", tc.name, got, err, tc.want)
		}
	}
}

func TestWhatIsNoFileIsNotWaitedFor(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(dir+"/.git", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(dir+"/.git/HEAD", 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := revision.Read(dir); err == nil || errors.Is(err, revision.ErrNone) {
		t.Errorf("got %v", err)
	}
}

func TestGitSaysTheSame(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@x.example"}, args...)...)
		cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	git("remote", "add", "origin", "https://x.example/y.git")
	git("commit", "-q", "--allow-empty", "-m", "x")
	check := func(what string) {
		t.Helper()
		got, err := revision.Read(dir)
		if want := git("rev-parse", "HEAD"); err != nil || got.Commit != want || got.Source != "https://x.example/y.git" {
			t.Errorf("%s: got %+v, %v, want %s", what, got, err, want)
		}
	}
	check("a branch")
	git("pack-refs", "--all")
	check("packed")
	git("checkout", "-q", "--detach")
	check("detached")
}
