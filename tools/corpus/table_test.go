package main

import (
	"slices"
	"strings"
	"testing"
)

const row = `
before = "2026-11-25"
[[app]]
name = "a"
make = "take a"
manager = "npm"
command = "node server.js"
answer = "hello"
`

func TestTheTableOfAppsIsRead(t *testing.T) {
	apps, err := readTable(row)
	if err != nil || len(apps) != 1 || apps[0].Path != "/" || apps[0].Before != "2026-11-25" {
		t.Errorf("got %+v, %v", apps, err)
	}
	if apps, err := readTable(row + "before = \"2026-09-28\"\n"); err != nil || apps[0].Before != "2026-09-28" {
		t.Errorf("an app's own day: got %+v, %v", apps, err)
	}
	for _, wrong := range []struct{ name, text, want string }{
		{"a name that is there twice", row + strings.SplitN(row, "\n", 3)[2], `the name "a"`},
		{"a field that nothing reads", row + "answers = 1\n", "app.answers"},
		{"a server that is a site", row + "root = \"dist\"\n", "either command"},
		{"a day that is none", strings.Replace(row, "-11-25", "-11-35", 1), "before"},
		{"no answer", strings.Replace(row, "answer = \"hello\"\n", "", 1), "lacks make, manager or answer"},
		{"no name", strings.Replace(row, "name = \"a\"\n", "", 1), `the name ""`},
	} {
		if _, err := readTable(wrong.text); err == nil || !strings.Contains(err.Error(), wrong.want) {
			t.Errorf("%s: got %v, want an error with %q", wrong.name, err, wrong.want)
		}
	}
}

func TestAppsAreChosenByName(t *testing.T) {
	all, err := chosen("")
	if err != nil {
		t.Fatal(err)
	}
	two, err := chosen(all[1].Name + "," + all[0].Name)
	if err != nil || len(two) != 2 || two[0].Name != all[1].Name {
		t.Errorf("got %v, %v", names(two), err)
	}
	if _, err := chosen("nosuch"); err == nil || !strings.Contains(err.Error(), all[0].Name) {
		t.Errorf("got %v, want an error that lists the apps", err)
	}
}

func TestCIRunsAnAppOfEachKind(t *testing.T) {
	apps, err := chosen(ci)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, a := range apps {
		kinds = append(kinds, a.CI)
	}
	slices.Sort(kinds)
	if want := []string{"Procfile", "server", "server-side rendering", "static", "system packages", "workspace"}; !slices.Equal(kinds, want) {
		t.Errorf("got %q, want %q", kinds, want)
	}
}
