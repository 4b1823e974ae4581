package main

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryPlaceIsChanged(t *testing.T) {
	found, err := mutantsIn("sample.go", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range found {
		got = append(got, m.was+" -> "+m.is)
	}
	for _, want := range []string{"unused() -> ", "== -> !=", "7 -> 8", "0 -> 1", "< -> <=", "&& -> ||", "! -> ", "sign = -1 -> ", "1 -> 2", ">= -> >", "err -> nil"} {
		if !slices.Contains(got, want) {
			t.Errorf("there is no %q in %q", want, got)
		}
	}
	if zeros := slices.DeleteFunc(slices.Clone(got), func(one string) bool { return one != "0 -> 1" }); len(zeros) != 1 {
		t.Errorf("got %q, want the bound of the sign, and nothing that is returned beside an error", zeros)
	}
	if slices.Contains(got, "+ -> -") {
		t.Error("two texts are subtracted")
	}
	if _, err := mutantsIn("sample.go", []byte("package")); err == nil {
		t.Error("a file that cannot be read: got no error")
	}
}

func TestACapacityStaysAsItIs(t *testing.T) {
	found, err := mutantsIn("sample.go", []byte("package sample\n\nfunc f() { _, _, _ = make([]int, 3, 5), make(chan int, 7), make([]int, 9) }\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range found {
		got = append(got, m.was)
	}
	if !slices.Contains(got, "3") || !slices.Contains(got, "9") || slices.Contains(got, "5") || slices.Contains(got, "7") {
		t.Errorf("got %q", got)
	}
}

func TestWhatNobodyCanNoticeIsNotChanged(t *testing.T) {
	for body, want := range map[string]string{
		"if err != nil { return 3, err }":              "err -> nil, != -> ==",
		"if err != nil && n > 3 { return 4, err }":     "!= -> ==, && -> ||, 3 -> 4, 4 -> 5, > -> >=, err -> nil",
		"if err == nil { return 3, err }":              "3 -> 4, == -> !=, err -> nil",
		"if err != nil { if n > 3 { return 4, err } }": "!= -> ==, 3 -> 4, 4 -> 5, > -> >=, err -> nil",
		"if other != nil { return 3, err }":            "!= -> ==, 3 -> 4, err -> nil",
		"time.Sleep(500 * time.Millisecond)":           "* -> /, 500 -> 1000, time.Sleep(500 * time.Millisecond) -> ",
		"time.Sleep(0 * time.Second)":                  "* -> /, 0 -> 1, time.Sleep(0 * time.Second) -> ",
		"keep(time.Since(begin) < most)":               "keep(time.Since(begin) < most) -> ",
		"keep(time.Since(begin) == most)":              "== -> !=, keep(time.Since(begin) == most) -> ",
		"keep(last.Since(begin) < most)":               "< -> <=, keep(last.Since(begin) < most) -> ",
		"keep(most > time.Since(begin))":               "> -> >=, keep(most > time.Since(begin)) -> ",
		"keep(-1)":                                     "- -> , keep(-1) -> ",
		"keep(n - 1)":                                  "- -> +, 1 -> 2, keep(n - 1) -> ",
		"keep(500 * units.Millisecond)":                "* -> /, 500 -> 501, keep(500 * units.Millisecond) -> ",
		"keep(time.Millisecond * 500)":                 "* -> /, 500 -> 501, keep(time.Millisecond * 500) -> ",
	} {
		found, err := mutantsIn("sample.go", []byte("package sample\n\nfunc f() (int, error) { "+body+" }\n"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range found {
			got = append(got, m.was+" -> "+m.is)
		}
		slices.Sort(got)
		if all := strings.Join(got, ", "); all != sorted(want) {
			t.Errorf("%s: got %s, want %s", body, all, sorted(want))
		}
	}
}

func sorted(list string) string {
	all := strings.Split(list, ", ")
	slices.Sort(all)
	return strings.Join(all, ", ")
}
