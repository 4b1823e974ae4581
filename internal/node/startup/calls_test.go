package startup

import (
	"slices"
	"strings"
	"testing"
)

func TestCalls(t *testing.T) {
	for script, want := range map[string][]string{
		"node a.js":                                 {"node a.js"},
		"cross-env A=1 B=2 nodemon a":               {"nodemon a"},
		"npx --yes @11ty/eleventy --serve":          {"@11ty/eleventy --serve"},
		"dotenv -e .env -- next dev && echo done":   {"next dev", "echo done"},
		"dotenvx run --env-file=x -- node a.js":     {"node a.js"},
		"env A=1 exec time node a.js | pino-pretty": {"node a.js", "pino-pretty"},
		"cross-env A=1":                             nil,
		"if a; then b; fi":                          nil,
	} {
		var got []string
		for _, words := range calls(script) {
			got = append(got, strings.Join(words, " "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
	}
}

func TestPrograms(t *testing.T) {
	for _, row := range []struct {
		line           string
		develops, ends bool
	}{
		{"vite", true, false}, {"vite build", false, true}, {"vite preview", false, false},
		{"next dev", true, false}, {"next start", false, false}, {"next build", false, true},
		{"nodemon a.js", true, false}, {"tsc -w", false, false}, {"tsc -p .", false, true},
		{"tsx watch a.ts", true, false}, {"tsx a.ts", false, false}, {"unknown dev", false, false},
	} {
		words := strings.Fields(row.line)
		if got := ServesDeveloper(words[0], words[1:]); got != row.develops {
			t.Errorf("%s: for development: got %v", row.line, got)
		}
		if got := Ends(words[0], words[1:]); got != row.ends {
			t.Errorf("%s: ends: got %v", row.line, got)
		}
	}
	if got := PackageOf("ng") + " " + PackageOf("next"); got != "@angular/cli next" {
		t.Errorf("got %q", got)
	}
}
