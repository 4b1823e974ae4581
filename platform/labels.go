//go:build linux

package platform

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
	"github.com/armature-cnb/armature/platform/internal/phases"
	"github.com/armature-cnb/armature/platform/internal/revision"
)

// Labels of the OCI image specification ("Pre-Defined Annotation Keys") that
// GitLabels sets.
const (
	sourceLabel   = "org.opencontainers.image.source"
	revisionLabel = "org.opencontainers.image.revision"
)

// labelsVariable tells the buildpacks the image's labels. With the same value pack
// makes an image with the same digest.
const labelsVariable = "BP_IMAGE_LABELS"

// labelNames match names that labelsVariable can hold without quotes. The lifecycle
// overwrites labels with its own prefix, so they are refused.
var labelNames = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?$`)

const lifecyclesLabels = "io.buildpacks."

// LabelNames describes the names that [IsLabel] accepts.
const LabelNames = "letters, digits, . _ - and / that does not begin with " + lifecyclesLabels

// IsLabel reports whether an image may have a label or an annotation with this name
// and value. The value is UTF-8.
func IsLabel(name, value string) bool {
	return labelNames.MatchString(name) && !strings.HasPrefix(name, lifecyclesLabels) && !strings.ContainsRune(value, 0) && utf8.ValidString(value)
}

// EnvNames describes the names that [IsEnvName] accepts.
const EnvNames = phases.EnvNames

// IsEnvName reports whether a variable for the buildpacks may have this name.
func IsEnvName(name string) bool { return phases.IsEnvName(name) }

// readLabels returns the request's labels and annotations, with those of git.
func (r Request) readLabels() (labels, annotations map[string]string, err error) {
	labels, annotations = map[string]string{}, map[string]string{}
	maps.Copy(labels, r.Labels)
	maps.Copy(annotations, r.Annotations)
	for _, all := range []map[string]string{labels, annotations} {
		if err := checkLabels(all); err != nil {
			return nil, nil, err
		}
	}
	if !r.GitLabels {
		return labels, annotations, nil
	}
	checkout, err := revision.Read(r.App)
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

func checkLabels(all map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !IsLabel(name, all[name]) {
			return &failure.Failure{ID: "label-invalid", Cause: fmt.Sprintf("a label or annotation is %q", name+"="+all[name]), Remedy: "give it a name of " + LabelNames + ", and a value in UTF-8."}
		}
	}
	return nil
}

// inVariable appends labels to the value of labelsVariable: words separated by
// spaces, with shell quoting where needed.
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

// latest is the end of the year 9999, the last time that an image configuration can
// hold.
const latest = 253402300799

// IsCreationTime reports whether an image may have this creation time: the years
// 1970 to 9999.
func IsCreationTime(at time.Time) bool { return at.Unix() >= 0 && at.Unix() <= latest }

// epoch returns a creation time in the format of SOURCE_DATE_EPOCH
// (reproducible-builds.org), seconds since 1970, or "" for a zero time.
func epoch(at time.Time) (string, error) {
	switch {
	case at.IsZero():
		return "", nil
	case !IsCreationTime(at):
		return "", &failure.Failure{ID: "creation-time-invalid", Cause: fmt.Sprintf("the time of creation is %s", at), Remedy: "give one of the years from 1970 to 9999."}
	}
	return strconv.FormatInt(at.Unix(), 10), nil
}
