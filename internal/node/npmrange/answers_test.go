package npmrange_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/node/npmrange"
)

// answer is node-semver's answer for a range: its versions, or that the range
// is invalid.
type answer struct {
	text    string
	has     []string
	refused bool
}

// answers reads testdata/answers.txt, which tools/npmranges writes: the
// versions that node-semver was asked for, lowest first, and the answers.
func answers(t *testing.T) (versions []string, all []answer) {
	t.Helper()
	text, err := os.ReadFile("testdata/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	versions = strings.Fields(lines[1])
	for _, line := range lines[2:] {
		quoted, has, _ := strings.Cut(line, "\t")
		a := answer{refused: has == "refused"}
		if a.text, err = strconv.Unquote(quoted); err != nil {
			t.Fatalf("reading %s: %s", quoted, err)
		}
		for run := range strings.FieldsSeq(has) {
			if a.refused || run == "none" {
				continue
			}
			first, last, several := strings.Cut(run, "..")
			if !several {
				last = first
			}
			from, to := slices.Index(versions, first), slices.Index(versions, last)
			if from < 0 || to < from {
				t.Fatalf("reading the answer for %s: got %q", quoted, run)
			}
			a.has = append(a.has, versions[from:to+1]...)
		}
		all = append(all, a)
	}
	return versions, all
}

func TestParseAnswersAsNPMDoes(t *testing.T) {
	versions, all := answers(t)
	for _, want := range all {
		t.Run(strconv.QuoteToASCII(want.text), func(t *testing.T) {
			r, err := npmrange.Parse(want.text)
			if (err != nil) != want.refused {
				t.Fatalf("got the error %v, want one: %v", err, want.refused)
			}
			var got []string
			for _, text := range versions {
				if r.Has(semver.MustParse(text)) {
					got = append(got, text)
				}
			}
			if !slices.Equal(got, want.has) {
				t.Errorf("got %v\nwant %v", got, want.has)
			}
		})
	}
}

// A range that was added has to have an answer, and none is left over.
func TestTheAnswersAreThoseOfTheRanges(t *testing.T) {
	text, err := os.ReadFile("testdata/ranges.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		unquoted, err := strconv.Unquote(line)
		if err != nil {
			t.Fatalf("reading %s: %s", line, err)
		}
		want = append(want, unquoted)
	}
	_, all := answers(t)
	for _, a := range all {
		got = append(got, a.text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("answers.txt is not of these ranges: run `go run ./tools/npmranges`\ngot  %q\nwant %q", got, want)
	}
}

// Whatever is parsed ends soon and the same way again.
func FuzzParse(f *testing.F) {
	for _, text := range []string{">=18 <20 || ^24.1", "18 - 20", "~> 24.1", "*20.1.0", "20.1.0-rc.1+build", "||", "\ufeff\u2028v=1"} {
		f.Add(text)
	}
	version := semver.MustParse("20.1.0")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := npmrange.Parse(text)
		again, errAgain := npmrange.Parse(text)
		if (err == nil) != (errAgain == nil) || r.Has(version) != again.Has(version) {
			t.Errorf("%q: got %v, then %v", text, err, errAgain)
		}
		if exact, ok := r.Exact(); ok && !r.Has(exact) {
			t.Errorf("%q: it does not have %s, which it names", text, exact)
		}
	})
}
