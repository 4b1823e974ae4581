package yarnlock_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/deps/yarnlock"
	"github.com/armature-cnb/armature/internal/failure"
)

func TestWhatALockfileDoesNotHave(t *testing.T) {
	for _, tc := range []struct {
		name, lock, manifest string
		want                 []string
	}{
		{"another range", classic, `{"dependencies":{"leaf":"^1.1.0","bundler":"1.0.0"}}`, []string{"leaf@^1.1.0"}},
		{"a new package", classic, `{"dependencies":{"new":"1.0.0"}}`, []string{"new@1.0.0"}},
		{"another range of Berry's", berry, `{"name":"mono","devDependencies":{"new":"^1.0.0"}}`, []string{"new@^1.0.0"}},
		{"a resolution", classic, `{"dependencies":{"leaf":"^1.1.0"},"resolutions":{"**/leaf":"1.0.0"}}`, nil},
		{"a resolution of Berry's", berry, `{"name":"mono","dependencies":{"leaf":"^2.0.0"},"resolutions":{"leaf@npm:^2.0.0":"^1.0.0"}}`, nil},
		{"all is there", classic, `{"dependencies":{"leaf":"1.0.0"}}`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, missing := graph(t, files{"yarn.lock": tc.lock, "package.json": tc.manifest})
			var got []string
			for _, one := range missing {
				got = append(got, one.String())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"a merge conflict", "# yarn lockfile v1\n\na@1:\n<<<<<<< HEAD\n  version \"1\"\n=======\n", `line 4 is the marker of a merge conflict: "<<<<<<< HEAD"`},
		{"a merge conflict of Berry's", "__metadata:\n  version: 8\n>>>>>>> main\n", "line 3 is the marker"},
		{"a newer format of Yarn 1", "# yarn lockfile v9\n", "format v9 of Yarn 1, want v1"},
		{"a newer format", "__metadata:\n  version: 99\n", `__metadata.version is "99", want 4 to 10`},
		{"no version", "__metadata:\n  cacheKey: 8\n", `__metadata.version is ""`},
		{"a value of no entry", "  version \"1\"\n", "line 1"},
		{"an odd indent", "a@1:\n   version \"1\"\n", "an indent of 3"},
		{"a block that was not begun", "a@1:\n    b \"1\"\n", "an indent of 4"},
		{"a key without a colon", "a@1\n", "no colon"},
		{"an open quote", "\"a@1:\n", "a quote is not closed"},
		{"two values", "a@1:\n  version \"1\" \"2\"\n", "it is no name with one value"},
		{"a list in YAML", "__metadata:\n  version: [8]\n", "want one value"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := yarnlock.Parse([]byte(tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestReadLock(t *testing.T) {
	if _, found, err := yarnlock.ReadLock(t.TempDir()); found || err != nil {
		t.Errorf("without a lockfile: got %v, %v", found, err)
	}
	_, _, err := yarnlock.ReadLock(write(t, files{"yarn.lock": "a@1\n"}))
	if !errors.Is(err, &failure.Failure{ID: "lockfile-invalid"}) {
		t.Errorf("got %v", err)
	}
	lock, _, err := yarnlock.ReadLock(write(t, files{"yarn.lock": strings.ReplaceAll(classic, "\n", "\r\n")}))
	if err != nil || len(lock.Entries) != 7 {
		t.Errorf("line ends of Windows: got %d entries, %v", len(lock.Entries), err)
	}
}

func TestFilesOfTheApp(t *testing.T) {
	for descriptor, want := range map[string]string{
		"a@file:./vendor/a.tgz": "./vendor/a.tgz",
		"a@patch:a@npm%3A1.0.0#./.yarn/patches/a.patch::version=1.0.0": "./.yarn/patches/a.patch",
		"a@patch:a@npm%3A1.0.0#~/.yarn/patches/a.patch":                ".yarn/patches/a.patch",
		"a@patch:a@npm%3A1.0.0#optional!builtin<compat/a>":             "",
		"a@npm:^1.0.0": "",
	} {
		got, ok := yarnlock.Entry{Descriptors: []string{descriptor}}.File()
		if (ok && got != want) || ok != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", descriptor, got, ok, want)
		}
	}
}
