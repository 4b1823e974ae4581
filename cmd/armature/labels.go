//go:build linux

package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/revision"
)

// Labels of the OCI image specification ("Pre-Defined Annotation Keys") that
// --git-labels gives.
const (
	sourceLabel   = "org.opencontainers.image.source"
	revisionLabel = "org.opencontainers.image.revision"
)

// labelsVariable is what tells the buildpacks which labels the image is to have.
// So pack, given the same value, makes an image with the same digest.
const labelsVariable = "BP_IMAGE_LABELS"

// labelNames are those that buildpacks can be told in one word. What begins like
// the lifecycle's own is refused, because that writes its own over it.
var labelNames = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$`)

const lifecyclesLabels = "io.buildpacks."

// readPairs reads flags of the form NAME=VALUE.
func readPairs(flag string, items []string, valid func(name string) bool) (map[string]string, error) {
	pairs := map[string]string{}
	for _, item := range items {
		name, value, found := strings.Cut(item, "=")
		if !found || !valid(name) || strings.ContainsRune(value, 0) || !utf8.ValidString(value) {
			return nil, &failure.Failure{
				ID: "label-invalid", Cause: fmt.Sprintf("--%s is %q", flag, item),
				Remedy: fmt.Sprintf("give NAME=VALUE, with a NAME of letters, digits, . _ - and / that does not begin with %s, and a VALUE in UTF-8.", lifecyclesLabels),
			}
		}
		pairs[name] = value
	}
	return pairs, nil
}

func isLabelName(name string) bool {
	return labelNames.MatchString(name) && !strings.HasPrefix(name, lifecyclesLabels)
}

// labels are those that the flags ask for, and annotations.
func (f *buildFlags) readLabels(app string) (labels, annotations map[string]string, err error) {
	if labels, err = readPairs("label", f.labels, isLabelName); err != nil {
		return nil, nil, err
	}
	if annotations, err = readPairs("annotation", f.annotations, isLabelName); err != nil || !f.gitLabels {
		return labels, annotations, err
	}
	checkout, err := revision.Read(app)
	if err != nil {
		return nil, nil, &failure.Failure{ID: "git-unreadable", Cause: "reading the commit for --git-labels", Err: err, Remedy: "build from a git checkout with a commit, or leave --git-labels out."}
	}
	read := map[string]string{revisionLabel: checkout.Commit}
	if checkout.Source != "" {
		read[sourceLabel] = checkout.Source
	}
	for _, into := range []map[string]string{labels, annotations} {
		for name, value := range read {
			if _, given := into[name]; !given {
				into[name] = value
			}
		}
	}
	return labels, annotations, nil
}

// inVariable adds labels to the value of labelsVariable: words with a space
// between, quoted as a shell has it where that is needed.
func inVariable(value string, labels map[string]string) string {
	var words []string
	if value != "" {
		words = append(words, value)
	}
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		words = append(words, name+"="+quoted(labels[name]))
	}
	return strings.Join(words, " ")
}

var needsNoQuotes = regexp.MustCompile(`^[A-Za-z0-9._/:@%+,-]+$`)

func quoted(text string) string {
	if needsNoQuotes.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// created is when an image is to say that it was made, in seconds since 1970, as
// SOURCE_DATE_EPOCH has it (reproducible-builds.org), or "" for what the
// lifecycle says: 1980.
func (f *buildFlags) created(here lookup, now time.Time) (string, error) {
	text, from := f.creationTime, "--creation-time"
	if text == "" {
		text, _ = here("SOURCE_DATE_EPOCH")
		from = "SOURCE_DATE_EPOCH"
	}
	if text == "" {
		return "", nil
	}
	if text == "now" && f.creationTime != "" {
		return strconv.FormatInt(now.Unix(), 10), nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds >= 0 && seconds <= latest {
		return strconv.FormatInt(seconds, 10), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && f.creationTime != "" && at.Unix() >= 0 && at.Unix() <= latest {
		return strconv.FormatInt(at.Unix(), 10), nil
	}
	return "", &failure.Failure{
		ID: "creation-time-invalid", Cause: fmt.Sprintf("%s is %q", from, text),
		Remedy: "give seconds since 1970 (git log -1 --format=%ct prints those of a commit); --creation-time also takes now, or a time like 2026-01-31T12:00:00Z.",
	}
}

// latest is the end of the year 9999, after which no configuration can be
// written.
const latest = 253402300799
