package npminstall

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/modules/outcome"
)

func TestEveryKindIsWhole(t *testing.T) {
	document, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	all := kinds()
	var ids []string
	for _, k := range all {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`).MatchString(k.ID) || slices.Contains(ids, k.ID) {
			t.Errorf("got the id %q, want lower case with dashes, and no id twice", k.ID)
		}
		ids = append(ids, k.ID)
		if k.Cause == "" || k.Remedy == "" {
			t.Errorf("%s: got the cause %q and the remedy %q, want both", k.ID, k.Cause, k.Remedy)
		}
		if !strings.Contains(string(document), "\n| `"+k.ID+"` | ") {
			t.Errorf("%s is not in docs/errors.md", k.ID)
		}
		if len(k.RemedyIf) > 1 {
			t.Errorf("%s: got %d remedies with a condition, want one, since they have no order", k.ID, len(k.RemedyIf))
		}
		elsewhere := slices.ContainsFunc(all, func(other kind) bool { return other.Elsewhere == k.ID })
		if coded := len(k.Codes)+len(k.Said) > 0; coded == elsewhere {
			t.Errorf("%s: want either codes or a kind that it is the elsewhere of", k.ID)
		}
	}
	for _, k := range all {
		if k.Elsewhere != "" && !slices.Contains(ids, k.Elsewhere) {
			t.Errorf("%s: got the elsewhere %q, want one of %v", k.ID, k.Elsewhere, ids)
		}
	}
}

// A code that an earlier kind has is never reached.
func TestEveryCodeOfAKindIsReached(t *testing.T) {
	before := map[string]string{}
	for _, k := range kinds() {
		for _, code := range slices.Concat(k.Codes, slices.Collect(maps.Keys(k.Said))) {
			if first := before[code]; first != "" {
				t.Errorf("%s has the code %s, which is that of %s", k.ID, code, first)
			}
		}
		for _, code := range k.Codes {
			before[code] = k.ID
		}
		for code, words := range k.Said {
			if words == "" {
				t.Errorf("%s: the code %s has no words", k.ID, code)
			}
		}
	}
}

// Every name in kinds.toml is one of the program's, and the other way round.
func TestTheNamesInKindsAreThoseOfTheProgram(t *testing.T) {
	placeholders, named := map[string]bool{}, map[string]bool{}
	for _, k := range kinds() {
		for _, text := range slices.Concat([]string{k.Cause, k.Remedy}, slices.Collect(maps.Values(k.RemedyIf))) {
			for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
				placeholders[found[1]] = true
			}
			if rest := placeholder.ReplaceAllString(text, ""); strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
				t.Errorf("%s has half a placeholder: %s", k.ID, text)
			}
		}
		for name := range k.RemedyIf {
			named[name] = true
		}
	}
	if got, want := slices.Sorted(maps.Keys(placeholders)), slices.Sorted(maps.Keys(values)); !slices.Equal(got, want) {
		t.Errorf("got the placeholders %v, want %v", got, want)
	}
	if got, want := slices.Sorted(maps.Keys(named)), slices.Sorted(maps.Keys(conditions)); !slices.Equal(got, want) {
		t.Errorf("got the conditions %v, want %v", got, want)
	}
}

func TestKindsThatCannotBeRead(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"a misspelt key", "[[kind]]\nid = \"a-b\"\nremedies = \"x\"\n", "got the key kind.remedies"},
		{"another table", "[[kinds]]\nid = \"a-b\"\n", "got the key kinds"},
		{"no TOML", "[[kind]\n", "reading kinds.toml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := outcome.ParseKinds[kind](tc.text); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}
