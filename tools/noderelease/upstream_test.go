package main_test

import (
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	noderelease "github.com/armature-cnb/armature/tools/noderelease"
)

func TestParseSums(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("B", 64)
	for _, tc := range []struct {
		name, text string
		want       map[string]string
		bad        string
	}{
		{name: "two spaces", text: a + "  x\n" + b + "  y\n", want: map[string]string{"x": a, "y": strings.ToLower(b)}},
		{name: "the star of binary mode, as before 2015", text: a + " *x\n", want: map[string]string{"x": a}},
		{name: "CRLF and no last line end", text: a + "  x\r\n" + b + "  win-x64/node.exe", want: map[string]string{"x": a, "win-x64/node.exe": strings.ToLower(b)}},
		{name: "empty lines", text: "\n" + a + "  x\n\n", want: map[string]string{"x": a}},
		{name: "nothing", text: "\n\n", bad: "got no line"},
		{name: "a digest too short", text: a[1:] + "  xyz\n", bad: "line 1"},
		{name: "a digest too long", text: a + "a  x\n", bad: "line 1"},
		{name: "no hex", text: strings.Repeat("g", 64) + "  x\n", bad: "line 1"},
		{name: "one space", text: a + " xy\n", bad: "line 1"},
		{name: "no name", text: a + "  \n", bad: "line 1"},
		{name: "a name of spaces", text: a + "     \n", bad: "line 1"},
		{name: "a name that is there twice", text: a + "  x\n" + a + "  x\n", bad: `line 2: "x" is there twice`},
		{name: "HTML", text: "<html>\n", bad: `line 1: got "<html>"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := noderelease.ParseSums([]byte(tc.text))
			if tc.bad != "" {
				if err == nil || !strings.Contains(err.Error(), tc.bad) {
					t.Errorf("got %v, %v, want %q", got, err, tc.bad)
				}
				return
			}
			if err != nil || len(got) != len(tc.want) {
				t.Fatalf("got %v, %v, want %v", got, err, tc.want)
			}
			for name, sum := range tc.want {
				if got[name] != sum {
					t.Errorf("%s: got %s, want %s", name, got[name], sum)
				}
			}
		})
	}
}

func TestParseIndex(t *testing.T) {
	const good = `{"version":"v24.0.0","date":"2025-05-06","files":["linux-x64"],"npm":"11.3.0","lts":false}`
	for _, tc := range []struct{ name, text, bad string }{
		{name: "a release, and one of a line that is not wanted and says less", text: `[` + good + `,{"version":"v0.1.14","date":"2011-08-26","files":[]}]`},
		{name: "twice the same", text: `[` + good + `,` + good + `]`, bad: "v24.0.0 is there twice"},
		{name: "a version without its v", text: `[{"version":"24.0.0"}]`, bad: `version: got "24.0.0"`},
		{name: "a pre-release", text: `[{"version":"v24.0.0-nightly2025"}]`, bad: "version: got"},
		{name: "a path for a version", text: `[{"version":"v../../24.0.0"}]`, bad: "version: got"},
		{name: "a date that is none", text: `[` + strings.Replace(good, "2025-05-06", "6 May", 1) + `]`, bad: `date: got "6 May"`},
		{name: "no npm", text: `[` + strings.Replace(good, "11.3.0", "", 1) + `]`, bad: `npm: got ""`},
		{name: "only old releases", text: `[{"version":"v0.1.14"}]`, bad: "no release of line 18 or newer among 1"},
		{name: "an object", text: `{}`, bad: `it begins with "{}"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := noderelease.ParseIndex([]byte(tc.text), 18)
			if tc.bad == "" {
				if err != nil || len(got) != 1 || got[0].Version.String() != "24.0.0" || got[0].NPM != "11.3.0" {
					t.Errorf("got %+v, %v", got, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tc.bad) {
				t.Errorf("got %v, want %q", err, tc.bad)
			}
		})
	}
}

func TestParseSchedule(t *testing.T) {
	for _, tc := range []struct{ name, text, bad string }{
		{name: "lines with and without LTS", text: `{"v0.10":{}, "v24":{"start":"2025-05-06","lts":"2025-10-28","end":"2028-04-30","codename":"Krypton"}, "v25":{"start":"2025-10-15","end":"2026-06-01"}}`},
		{name: "a line that is no number", text: `{"iojs":{}}`, bad: `line: got "iojs"`},
		{name: "a line below 1", text: `{"v-24":{}}`, bad: `line: got "v-24"`},
		{name: "no end", text: `{"v24":{"start":"2025-05-06"}}`, bad: "v24: end"},
		{name: "a date that is none", text: `{"v24":{"start":"2025-05-06","end":"2028-04-31"}}`, bad: `got "2028-04-31"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := noderelease.ParseSchedule([]byte(tc.text))
			if tc.bad == "" {
				if err != nil || len(got) != 2 || got[0].Line != 25 || got[0].LTS != "" || got[1].Codename != "Krypton" {
					t.Errorf("got %+v, %v", got, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), tc.bad) {
				t.Errorf("got %v, want %q", err, tc.bad)
			}
		})
	}
}

func FuzzParseSums(f *testing.F) {
	f.Add([]byte(sums("24.0.0")))
	f.Add([]byte(strings.ReplaceAll(sums("24.0.0"), "\n", "\r\n")))
	f.Add([]byte(strings.Repeat("0", 64) + " *x"))
	f.Add([]byte(strings.Repeat("0", 64) + "  x\n" + strings.Repeat("0", 64) + "  x"))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := noderelease.ParseSums(text)
		if (err == nil) != (len(got) > 0) {
			t.Fatalf("got %v, %v: want sums or an error", got, err)
		}
		var again strings.Builder
		for name, sum := range got {
			if len(sum) != 64 || strings.Trim(sum, "0123456789abcdef") != "" || name == "" || strings.ContainsAny(name, "\n") {
				t.Errorf("got %q for %q", sum, name)
			}
			again.WriteString(sum + "  " + name + "\n")
		}
		if err == nil {
			if back, err := noderelease.ParseSums([]byte(again.String())); err != nil || len(back) != len(got) {
				t.Errorf("got %v, %v when read again, want %v", back, err, got)
			}
		}
	})
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte(`[{"version":"v24.0.0","date":"2025-05-06","files":["linux-x64"],"npm":"11.3.0","lts":false},{"version":"v0.1.14"}]`))
	f.Add([]byte(`[{"version":"v24.0.0-rc.1+x"}]`))
	f.Add([]byte(`[{"version":null,"files":{}}]`))
	f.Add([]byte(`<html>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := noderelease.ParseIndex(text, 18)
		if (err == nil) != (len(got) > 0) {
			t.Fatalf("got %v, %v: want releases or an error", got, err)
		}
		seen := map[string]bool{}
		for _, e := range got {
			v := e.Version.String()
			if _, err := semver.StrictNewVersion(v); err != nil || e.Version.Major() < 18 || seen[v] || strings.ContainsAny(v, "/\\-+ ") {
				t.Errorf("got the version %q", v)
			}
			seen[v] = true
		}
	})
}

func FuzzParseSchedule(f *testing.F) {
	f.Add([]byte(`{"v0.10":{}, "v24":{"start":"2025-05-06","lts":"2025-10-28","end":"2028-04-30","codename":"Krypton"}}`))
	f.Add([]byte(`{"v-24":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		lines, err := noderelease.ParseSchedule(text)
		for _, line := range lines {
			if err == nil && (line.Line < 1 || line.EndOfLife == "") {
				t.Errorf("got %+v", line)
			}
		}
	})
}
