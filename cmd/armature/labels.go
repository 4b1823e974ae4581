//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform"
)

// readPairs parses flags of the form NAME=VALUE.
func readPairs(flag string, items []string) (map[string]string, error) {
	pairs := map[string]string{}
	for _, item := range items {
		name, value, found := strings.Cut(item, "=")
		if !found || !platform.IsLabel(name, value) {
			return nil, &failure.Failure{
				ID: "label-invalid", Cause: fmt.Sprintf("--%s is %q", flag, item),
				Remedy: "give NAME=VALUE, with a NAME of " + platform.LabelNames + ", and a VALUE in UTF-8.",
			}
		}
		pairs[name] = value
	}
	return pairs, nil
}

// created returns the image's creation time: the value of --creation-time, or else
// of SOURCE_DATE_EPOCH (reproducible-builds.org), or zero.
func created(given string, here lookup, now time.Time) (time.Time, error) {
	text, from := given, "--creation-time"
	if text == "" {
		text, _ = here("SOURCE_DATE_EPOCH")
		from = "SOURCE_DATE_EPOCH"
	}
	if text == "" {
		return time.Time{}, nil
	}
	if text == "now" && given != "" {
		return now, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && platform.IsCreationTime(time.Unix(seconds, 0)) {
		return time.Unix(seconds, 0), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && given != "" && platform.IsCreationTime(at) {
		return at, nil
	}
	return time.Time{}, &failure.Failure{
		ID: "creation-time-invalid", Cause: fmt.Sprintf("%s is %q", from, text),
		Remedy: "give seconds since 1970 (git log -1 --format=%ct prints those of a commit); --creation-time also takes now, or a time like 2026-01-31T12:00:00Z.",
	}
}
