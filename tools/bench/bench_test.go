//go:build linux

package main

import (
	"strings"
	"testing"

	"github.com/armature-cnb/armature/tools/bench/internal/docker"
)

func TestScenariosRunInTheirOrderHoweverTheyAreAskedFor(t *testing.T) {
	chosen, unknown := choose(scenarios(), []string{"rebuild-source", "cold"})
	if unknown != "" {
		t.Fatalf("got %q as unknown", unknown)
	}
	if got, want := names(chosen), "cold, rebuild-source"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if all, _ := choose(scenarios(), nil); len(all) != len(scenarios()) {
		t.Errorf("no names: got %d scenarios, want all %d", len(all), len(scenarios()))
	}
	if _, unknown := choose(scenarios(), []string{"cold", "warm"}); unknown != "warm" {
		t.Errorf("got %q, want warm named as unknown", unknown)
	}
}

func TestParse(t *testing.T) {
	s, err := parse([]string{"-builder", "b", "-archives", "a", "-scenarios", "cold, rebuild,"})
	if err != nil || strings.Join(s.scenarios, "|") != "cold|rebuild" {
		t.Errorf("got %q, %v", s.scenarios, err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "-builder and -archives"},
		{[]string{"-builder", "b", "-archives", "a", "-rounds", "-1"}, "-rounds is -1"},
		{[]string{"-builder", "b", "-archives", "a", "-ways", "cross,sideways"}, `no way "sideways"`},
	} {
		if _, err := parse(c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want an error with %q", c.args, err, c.want)
		}
	}
}

func TestWaysAreThoseThatWorkHere(t *testing.T) {
	names := func(b *bench) string {
		var text []string
		for _, w := range b.ways(express) {
			text = append(text, w.name)
		}
		return strings.Join(text, " ")
	}
	if got, want := names(&bench{}), "cross native"; got != want {
		t.Errorf("without an engine: got %s, want %s", got, want)
	}
	if got, want := names(&bench{engine: &docker.Engine{}, emulates: true}), "cross native dockerfile dockerfile-native emulated"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
