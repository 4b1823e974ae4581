//go:build linux

package descriptor

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	ignore "github.com/sabhiram/go-gitignore"
)

func TestPatternsKeepSecretsOutAsTheyDoInGit(t *testing.T) {
	for _, tc := range []struct{ pattern, out, in string }{
		{"key?.pem", `key1.pem  keya.pem  certs/key2.pem  key?.pem  key1.pem/x`, `key.pem  key10.pem  key/.pem`},
		{"/secrets (old)", `secrets (old)  secrets (old)/a`, `secrets old  secrets  x/secrets (old)`},
		{"c++", `c++  lib/c++/x`, `c  cc`},
		{"a|b", `a|b`, `a  b  ab  abc`},
		{"cost$", `cost$`, `cost`},
		{"x{2}", `x{2}`, `xx`},
		{"^a", `^a`, `a`},
		{"[!a]b", `bb  cb  !b`, `ab  x/b`},
		{"[^a]b", `bb  !b`, `ab`},
		{"[*?]b", `*b  ?b`, `b  ab`},
		{`\?a`, `?a`, `a  ba`},
		{`a\.b`, `a.b`, `a\.b  axb`},
		{`a\*?`, `a*b`, `aab  a*`},
		{`\d?`, `da`, `1a`},
		{`\!a?`, `!ab`, `ab`},
		{"docs/**/?.md", `docs/a.md  docs/x/y/a.md`, `docs/ab.md`},
	} {
		pass, err := filter(buildTable{Exclude: []string{tc.pattern}})
		if err != nil {
			t.Errorf("%s: %v", tc.pattern, err)
			continue
		}
		for want, paths := range map[bool]string{false: tc.out, true: tc.in} {
			for _, path := range strings.Split(paths, "  ") {
				if pass(path) != want {
					t.Errorf("%s: takes %q: got %v, want %v", tc.pattern, path, !want, want)
				}
			}
		}
	}
}

func TestAPatternThatEndsWithABackslashIsRefused(t *testing.T) {
	for _, pattern := range []string{`a\`, `a?\`} {
		if _, err := filter(buildTable{Exclude: []string{pattern}}); err == nil {
			t.Errorf("%s: got no error", pattern)
		}
	}
}

// word returns a random word of some letters.
func word(random *rand.Rand, letters string, length int) string {
	var out strings.Builder
	for range length {
		out.WriteByte(letters[random.IntN(len(letters))])
	}
	return out.String()
}

// Every pattern matches the same names as in git.
func TestRandomPatternsMeanWhatTheyMeanToGit(t *testing.T) {
	const letters = `ab.-*?+(){}|^$[]!\`
	random := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	var asked []string
	passes := map[string]func(string) bool{}
	for number := 0; len(passes) < 1500; number++ {
		pattern := word(random, letters, 1+random.IntN(7))
		pass, err := filter(buildTable{Exclude: []string{pattern}})
		if err != nil {
			continue // refused, where git silently matches nothing
		}
		folder := fmt.Sprint(number)
		passes[folder] = pass
		if pass == nil {
			t.Fatal("there is no filter")
		}
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, folder, ".gitignore"), []byte(pattern+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		for range 30 {
			if name := like(random, pattern, letters); name != "." && name != ".." && name != "" {
				asked = append(asked, folder+"/"+name)
			}
		}
	}
	ignored := git(t, dir, asked)
	matched := 0
	for _, path := range asked {
		folder, name, _ := strings.Cut(path, "/")
		want := ignored[path]
		if want {
			matched++
		}
		if got := !passes[folder](name); got != want {
			pattern, _ := os.ReadFile(filepath.Join(dir, folder, ".gitignore"))
			t.Errorf("%q matches %q: got %v, git says %v", strings.TrimSpace(string(pattern)), name, got, want)
		}
	}
	if matched < len(asked)/20 {
		t.Errorf("only %d of %d names match: they show little", matched, len(asked))
	}
}

// like returns a name that a pattern may match.
func like(random *rand.Rand, pattern, letters string) string {
	var out strings.Builder
	for _, char := range strings.TrimPrefix(pattern, "!") {
		switch {
		case char == '*' || random.IntN(6) == 0:
			out.WriteString(word(random, letters, random.IntN(3)))
		case char == '?':
			out.WriteString(word(random, letters, 1))
		case char == '[' || char == ']' || char == '\\':
			out.WriteString(word(random, string(char), random.IntN(2)))
		default:
			out.WriteRune(char)
		}
	}
	return out.String()
}

// git returns the paths that git ignores.
func git(t *testing.T, dir string, paths []string) map[string]bool {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git to compare with: ", err)
	}
	call := func(in string, args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(in)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CEILING_DIRECTORIES=/")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(args, err)
		}
		return string(out)
	}
	call("", "init", "--quiet")
	ignored := map[string]bool{}
	for path := range strings.SplitSeq(call(strings.Join(paths, "\x00")+"\x00", "check-ignore", "--no-index", "--stdin", "-z"), "\x00") {
		ignored[path] = true
	}
	return ignored
}

// A pattern without special characters matches the same as in pack.
func FuzzPatterns(f *testing.F) {
	f.Add("*.env", "a/b.env")
	f.Add("a/**/b", "a/x/b")
	f.Add("!a/", "a/b")
	f.Add("key?.pem", "key1.pem")
	f.Add("[!a-c]", "d")
	f.Add(`\`, "a")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		pass, err := filter(buildTable{Exclude: []string{"x*", pattern}})
		if err != nil || strings.ContainsAny(pattern, special) {
			return // it must only end
		}
		if want := !ignore.CompileIgnoreLines("x*", pattern).MatchesPath(path); pass(path) != want {
			t.Errorf("%q takes %q: got %v, pack says %v", pattern, path, !want, want)
		}
	})
}

func TestPatternsWithoutSpecialCharactersStayAsTheyAre(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 10000 {
		pattern := word(random, "ab./*!# -_~@,", 1+random.IntN(10))
		if got, ok := asGit(pattern); got != pattern || !ok {
			t.Fatalf("%q becomes %q", pattern, got)
		}
	}
	if special := strings.Split(special, ""); slices.Contains(special, "*") || slices.Contains(special, "/") {
		t.Error("ordinary characters are special")
	}
}
