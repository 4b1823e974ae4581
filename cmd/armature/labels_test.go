//go:build linux

package main

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
)

func TestLabelsThatCannotBe(t *testing.T) {
	for _, item := range []string{"a", "=b", "a b=c", "a'=b", "io.buildpacks.build.metadata=x", "-a=b", "ä=b", "a=\x00", "a=caf\xe9"} {
		if _, err := readPairs("label", []string{item}); !errors.Is(err, &failure.Failure{ID: "label-invalid"}) {
			t.Errorf("--label %q: got %v", item, err)
		}
	}
	if labels, err := readPairs("label", []string{"a=1", "a=2=3", "empty="}); err != nil || len(labels) != 2 || labels["a"] != "2=3" {
		t.Errorf("got %v, %v", labels, err)
	}
}

func TestTheTimeOfCreation(t *testing.T) {
	now := time.Unix(1764000000, 5)
	for _, tc := range []struct{ flag, epoch, want string }{
		{"", "", ""},
		{"now", "1", "1764000000"},
		{"1700000000", "1", "1700000000"},
		{"2026-01-31T12:00:00+01:00", "", "1769857200"},
		{"", "1700000000", "1700000000"},
		{"0", "", "0"},
		{"", "now", "error"}, {"", "2026-01-31T12:00:00Z", "error"}, {"", "1.5", "error"}, {"-1", "", "error"}, {"tomorrow", "", "error"},
		{"9999999999999", "", "error"}, {"1960-01-01T00:00:00Z", "", "error"}, {"9999-12-31T23:59:59-01:00", "", "error"},
	} {
		at, err := created(tc.flag, func(name string) (string, bool) {
			return map[string]string{"SOURCE_DATE_EPOCH": tc.epoch}[name], tc.epoch != ""
		}, now)
		got := ""
		if !at.IsZero() {
			got = strconv.FormatInt(at.Unix(), 10)
		}
		if bad := errors.Is(err, &failure.Failure{ID: "creation-time-invalid"}); bad != (tc.want == "error") || !bad && (err != nil || got != tc.want) {
			t.Errorf("%q, %q: got %q, %v, want %q", tc.flag, tc.epoch, got, err, tc.want)
		}
	}
}
