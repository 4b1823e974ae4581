package versionfile_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/npmrange"
	"github.com/armature-cnb/armature/internal/node/versionfile"
)

// aliases is an inventory of two lines.
type aliases map[string]string

func (a aliases) Alias(name string) (string, bool) {
	c, ok := a[name]
	return c, ok
}

var known = aliases{"lts/*": "24.*", "lts": "24.*", "lts/jod": "22.*", "latest": "26.*", "node": "*"}

type parser = func(string, versionfile.Aliases) (string, error)

func TestParse(t *testing.T) {
	for name, group := range map[string]struct {
		parse parser
		rows  map[string]string // text to constraint; "!" for an error
	}{
		".nvmrc": {versionfile.ParseNvmrc, map[string]string{
			"": "", "# nothing\n\n": "", "v22.1.0\n": "22.1.0", "V22": "22", ">=20 <23": ">=20 <23", "lts/Jod": "22.*", "lts/* # ours": "24.*",
			"node": "*", "newest": "!", "lts/nobody": "!", "v": "!", "22\r\n24\r\n": "22",
			">=14 ||": ">=14 ||", "== 20": "!", "==20": "==20", "> =18": "> =18", "20.x.3": "!", "020": "!", "!=20": "!", ">=20, <23": ">=20, <23", "~> 20.1": "~> 20.1",
		}},
		".node-version": {versionfile.ParseNodeVersion, map[string]string{
			"": "", "22.1.0": "22.1.0", "lts/*": "!", "node": "!",
		}},
		".tool-versions": {versionfile.ParseToolVersions, map[string]string{
			"": "", "ruby 3.3.0\n": "", "nodejs 22.1.0": "22.1.0", "node 22": "22", "# a\n\n nodejs\tv22.1.0 system # b": "22.1.0",
			"nodejs latest": "26.*", "nodejs latest:22": "22", "nodejs lts-jod": "22.*", "nodejs lts": "24.*",
			"nodejs": "!", "nodejs newest": "!", "nodejs latest:": "!", "nodejs-extra 22": "",
			"nodejs system": "!", "nodejs ref:main": "!", "nodejs path:/opt/node": "!", "nodejs 22\nnodejs 24": "22",
		}},
		"mise.toml": {versionfile.ParseMise, map[string]string{
			"": "", "[tools]\nruby = \"3.3\"": "", "[tools]\nnode = \"22\"": "22", "[tools]\nnodejs = \"22.1\"": "22.1",
			"[tools]\n\"core:node\" = \"v22\"": "22", "[tools]\nnode = [\"22\", \"24\"]": "22", "tools.node = {version = \"22\", postinstall = \"x\"}": "22",
			"tools.node = [{version = \"lts\"}]": "24.*", "tools.node = \"prefix:22\"": "22",
			"tools.node = []": "!", "tools.node = 22": "!", "tools.node = {}": "!", "[": "!", "tools.node = \"\"": "!",
			"tools.node = \"{{env.NODE}}\"": "!",
		}},
	} {
		for text, want := range group.rows {
			got, err := group.parse(text, known)
			if (err != nil) != (want == "!") || (err == nil && got != want) {
				t.Errorf("%s %q: got %q, %v, want %q", name, text, got, err, want)
			}
		}
	}
}

func place(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	for _, tc := range []struct {
		name       string
		files      map[string]string
		decided    bool
		want, warn string // sources
		bad        bool
	}{
		{name: "nothing"},
		{name: "mise.toml before .tool-versions", files: map[string]string{"mise.toml": "tools.node=\"22\"", ".tool-versions": "node 24"}, want: "mise.toml .tool-versions"},
		{name: "mise.toml before its hidden form", files: map[string]string{".mise.toml": "tools.node=\"22\"", "mise.toml": "tools.node=\"22\""}, want: "mise.toml .mise.toml"},
		{name: "a bad file that decides", files: map[string]string{".nvmrc": "newest", ".tool-versions": "node 24"}, bad: true},
		{name: "a file that no person wrote", files: map[string]string{".nvmrc": strings.Repeat("\n", 1<<20) + "24"}, bad: true},
		{name: "a bad file that another source overrides", files: map[string]string{".nvmrc": "newest", ".tool-versions": "node 24"}, decided: true, want: ".tool-versions", warn: ".nvmrc"},
		{name: "a bad file below a good one", files: map[string]string{".nvmrc": "24", ".tool-versions": "node newest"}, want: ".nvmrc", warn: ".tool-versions"},
		{name: "a machine's own Node.js", files: map[string]string{".tool-versions": "node system"}, warn: ".tool-versions"},
		{name: "a package.json that cannot be read", files: map[string]string{"package.json": "{"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var warned []string
			requests, err := versionfile.Find(place(t, tc.files), known, tc.decided, func(source string, err error) {
				warned = append(warned, source)
			})
			if errors.Is(err, &failure.Failure{ID: versionfile.InvalidID}) != tc.bad || (err != nil) != tc.bad {
				t.Fatalf("got %v", err)
			}
			var got []string
			for _, w := range requests {
				got = append(got, w.Source)
			}
			if strings.Join(got, " ") != tc.want || strings.Join(warned, " ") != tc.warn {
				t.Errorf("got %q and warnings of %q, want %q and %q", got, warned, tc.want, tc.warn)
			}
		})
	}
}

// utf16 is the text as PowerShell 5 writes it, in the byte order.
func utf16(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, r := range "\ufeff" + text {
		b = order.AppendUint16(b, uint16(r))
	}
	return string(b)
}

func TestFindReadsUTF16(t *testing.T) {
	for _, tc := range []struct{ file, text, want string }{
		{".nvmrc", "v24.21.0\r\n", "24.21.0"},
		{".nvmrc", "# \u00fcber\r\nlts/jod\r\n", "22.*"},
		{".node-version", "22.1.0\r\n", "22.1.0"},
		{"mise.toml", "[tools]\r\nnode = \"22\"\r\n", "22"},
		{".mise.toml", "[tools]\r\nnode = \"22\"\r\n", "22"},
		{".tool-versions", "ruby 3.3\r\nnodejs 22.1.0\r\n", "22.1.0"},
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			dir := place(t, map[string]string{tc.file: utf16(order, tc.text)})
			got, err := versionfile.Find(dir, known, false, nil)
			if err != nil || len(got) != 1 || got[0].Version != tc.want || got[0].Source != tc.file {
				t.Errorf("%s in %s: got %v, %v, want %s", tc.file, order, got, err, tc.want)
			}
		}
	}
}

func TestFindSaysWhatIsNoUTF8(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"UTF-16 that is cut off", "\xff\xfe2\x002", "the text is UTF-16 and ends in the middle"},
		{"UTF-16 without a mark", "2\x002\x00\n\x00", "as UTF-16 without a byte order mark has"},
		{"UTF-16 without a mark, the other way round", "\x002\x002\x00\n", "as UTF-16 without a byte order mark has"},
		{"UTF-32", "\xff\xfe\x00\x002\x00\x00\x00", "the text is UTF-32"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := versionfile.Find(place(t, map[string]string{".nvmrc": tc.text}), known, false, nil)
			if !errors.Is(err, &failure.Failure{ID: versionfile.InvalidID}) || !strings.Contains(err.Error(), tc.want) ||
				!strings.Contains(err.Error(), ".nvmrc") || !strings.Contains(err.Error(), "UTF-8") {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

// A silently ignored file would give another version than on the developer's
// machine.
func TestFindRefusesALinkOutOfTheApp(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("../.nvmrc", filepath.Join(dir, ".nvmrc")); err != nil {
		t.Fatal(err)
	}
	_, err := versionfile.Find(dir, known, false, nil)
	if !errors.Is(err, &failure.Failure{ID: versionfile.InvalidID}) || !strings.Contains(err.Error(), "a link to ../.nvmrc") {
		t.Errorf("got %v", err)
	}
}

func TestFindRefusesAHugeFile(t *testing.T) {
	const most = 1 << 20
	for length, want := range map[int]string{most: "", most + 1: "got 1048577 bytes, want at most 1048576"} {
		dir := place(t, map[string]string{".nvmrc": "24\n#" + strings.Repeat("#", length-4)})
		_, err := versionfile.Find(dir, known, false, nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%d bytes: got %v, want %q", length, err, want)
		}
	}
}

// Every place has its own form, which the error names.
func TestFindSaysWhatWouldWork(t *testing.T) {
	for _, tc := range []struct{ file, text, want string }{
		{"mise.toml", "tools.node = 22", `write node = "24" below [tools] there`},
		{"mise.toml", "tools.node = []", `write node = "24" below [tools] there`},
		{"mise.toml", "tools.node = [[]]", `write node = "24" below [tools] there`},
		{".tool-versions", "nodejs", "write a version behind nodejs there"},
		{".nvmrc", "newest", "or an alias (lts/*"},
		{".node-version", "lts/*", "aliases work in .nvmrc"},
		{"package.json", `{"volta": {"node": "lts"}}`, `package.json volta.node: "lts"`},
		{"package.json", `{"devEngines": {"runtime": {"name": "node", "version": "newest"}}}`, `package.json devEngines.runtime: "newest"`},
	} {
		_, err := versionfile.Find(place(t, map[string]string{tc.file: tc.text}), known, false, nil)
		if !errors.Is(err, &failure.Failure{ID: versionfile.InvalidID}) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %s: got %v, want %q", tc.file, tc.text, err, tc.want)
		}
	}
}

func TestFindReadsPackageJSON(t *testing.T) {
	for text, want := range map[string]versionfile.Request{
		`{"volta": {"node": " v22.1.0 "}, "devEngines": {"runtime": {"name": "node", "version": "20"}}}`:      {Version: "22.1.0", Source: versionfile.Volta},
		`{"devEngines": {"runtime": [{"name": "bun", "version": "1"}, {"name": "node", "version": ">=22"}]}}`: {Version: ">=22", Source: versionfile.DevEngines},
	} {
		requests, err := versionfile.Find(place(t, map[string]string{"package.json": text}), known, false, nil)
		if err != nil || len(requests) == 0 || requests[0] != want {
			t.Errorf("%s: got %v, %v, want %v first", text, requests, err, want)
		}
	}
}

// The request in an unreadable file is unknown, so no other file may replace
// it.
func TestFindDoesNotIgnoreAnUnreadableFile(t *testing.T) {
	dir := place(t, map[string]string{".node-version": "24"})
	if err := os.Mkdir(filepath.Join(dir, ".nvmrc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := versionfile.Find(dir, known, false, nil); err == nil || !strings.Contains(err.Error(), ".nvmrc cannot be read") {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestSourcesAreInTheOrderInWhichTheyDecide(t *testing.T) {
	want := ".nvmrc, .node-version, package.json volta.node, package.json devEngines.runtime, mise.toml, .mise.toml, .tool-versions"
	if got := strings.Join(versionfile.Sources(), ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// fuzz wants that a parser gives a constraint, nothing, or an error that
// names the remedy; and the same when asked twice.
func fuzz(f *testing.F, parse parser, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parse(text, known)
		if err != nil {
			if got != "" {
				t.Errorf("got %q beside %v", got, err)
			}
			return
		}
		if got == "" {
			return
		}
		if _, err := npmrange.Parse(npmrange.FromPaketo(got)); err != nil {
			t.Errorf("got %q: %s", got, err)
		}
		if again, err := parse(text, known); err != nil || again != got {
			t.Errorf("got %q, then %q, %v", got, again, err)
		}
	})
}

func FuzzNvmrc(f *testing.F) {
	fuzz(f, versionfile.ParseNvmrc, "22.1.0\n", "# ours\n\nv22 # since May\n", "lts/*", "lts/-1", ">=20 <23 || 24", "\x00", "v")
}

func FuzzNodeVersion(f *testing.F) {
	fuzz(f, versionfile.ParseNodeVersion, "22.1.0\n", "node", "~> 22", "\r")
}

func FuzzToolVersions(f *testing.F) {
	fuzz(f, versionfile.ParseToolVersions, "nodejs 22.1.0 20.1.0\nruby 3.3\n", "node latest:22", "node", "nodejs ref:x", "nodejs lts-")
}

func FuzzMise(f *testing.F) {
	fuzz(f, versionfile.ParseMise, "[tools]\nnode = \"22\"\n", "tools.node = [{version = \"lts\"}]", "[[tools]]", "tools.node = [[]]")
}
