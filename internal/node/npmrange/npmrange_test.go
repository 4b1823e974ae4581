package npmrange_test

import (
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/node/npmrange"
)

func TestFromPaketo(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"npm's own words", ">=20 <23 || ^24.1", ">=20 <23 || ^24.1"},
		{"a comma", ">=20,<23", ">=20 <23"},
		{"a comma and a space", ">=20, <23", ">=20 <23"},
		{"commas in alternatives", ">=18 , <20||>=22,<23", ">=18 <20 || >=22 <23"},
		{"nothing behind a comma stays refused", ">=20,", ">=20,"},
		{"nothing before a comma stays refused", ",>=20", ",>=20"},
		{"two commas stay refused", "18,,20", "18,,20"},
		{"an empty alternative beside a comma", ">=18,<20 ||", ">=18 <20 || "},
		{"Ruby's operator with one number", "~> 24", "~> 24"},
		{"Ruby's operator with two numbers", "~> 24.1", "^24.1"},
		{"Ruby's operator with v", "~>v24.1", "^24.1"},
		{"Ruby's operator with three numbers", "~> 24.1.2", "~> 24.1.2"},
		{"Ruby knows no x", "~>24.1.x", "~>24.1.x"},
		{"Ruby's operator in a list", "~> 24.1, <24.9 || ~>22.1||26", "^24.1 <24.9 || ^22.1 || 26"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := npmrange.FromPaketo(tc.text); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestExact(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"20.1.0", "20.1.0"}, {"v20.1.0", "20.1.0"}, {"=v20.1.0", "20.1.0"}, {" = 20.1.0 ", "20.1.0"}, {"20.1.0+build", "20.1.0"},
		{"20.1.0-rc.1", "20.1.0-rc.1"},
		{"20.1", ""}, {"^20.1.0", ""}, {">=20.1.0", ""}, {"20.1.0 || 20.2.0", ""}, {"20.1.0 20.1.1", ""}, {"", ""}, {"*", ""},
	} {
		r, err := npmrange.Parse(tc.text)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := r.Exact()
		if ok != (tc.want != "") || (ok && got.String() != tc.want) {
			t.Errorf("%q: got %v, %v, want %q", tc.text, got, ok, tc.want)
		}
	}
}

func TestTheZeroRangeHasNothing(t *testing.T) {
	if (npmrange.Range{}).Has(semver.MustParse("1.0.0")) {
		t.Error("it has 1.0.0")
	}
}
