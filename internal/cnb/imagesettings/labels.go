// Package imagesettings reads what settings add to an app image, whatever the app
// is: labels (BP_IMAGE_LABELS, BP_OCI_*) and variables (BPE_*).
package imagesettings

import (
	"fmt"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
)

// createdVariable is the one of these that has a form of its own.
const createdVariable = "BP_OCI_CREATED"

// ociLabels are the settings for single labels, and the ends of their keys after
// org.opencontainers.image. (OCI Image Format, "Annotations").
var ociLabels = []struct{ variable, key string }{
	{"BP_OCI_AUTHORS", "authors"}, {createdVariable, "created"}, {"BP_OCI_DESCRIPTION", "description"}, {"BP_OCI_DOCUMENTATION", "documentation"},
	{"BP_OCI_LICENSES", "licenses"}, {"BP_OCI_REF_NAME", "ref.name"}, {"BP_OCI_REVISION", "revision"}, {"BP_OCI_SOURCE", "source"},
	{"BP_OCI_TITLE", "title"}, {"BP_OCI_URL", "url"}, {"BP_OCI_VENDOR", "vendor"}, {"BP_OCI_VERSION", "version"},
}

// reservedLabels is the prefix of the lifecycle's labels.
const reservedLabels = "io.buildpacks."

// Labels returns the labels of the settings. The last of duplicate keys wins, and
// BP_IMAGE_LABELS, to which --label of armature adds, overrides a key's own
// setting.
func Labels(getenv settings.Getenv) (map[string]string, error) {
	all := map[string]string{}
	for _, one := range ociLabels {
		if value := getenv(one.variable); value != "" {
			all["org.opencontainers.image."+one.key] = value
		}
	}
	words, ok := quotedWords(getenv(settings.ImageLabels))
	if !ok {
		return nil, badLabels("a quote in it is not closed")
	}
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		switch {
		case !found:
			return nil, badLabels(fmt.Sprintf("%q has no value", word))
		case key == "" || strings.ContainsAny(key, " \t\r\n"):
			return nil, badLabels(fmt.Sprintf("%q is no key", key))
		case strings.HasPrefix(key, reservedLabels):
			return nil, badLabels(fmt.Sprintf("%s is a label that the lifecycle writes", key))
		}
		all[key] = value
	}
	if created := getenv(createdVariable); created != "" {
		if _, err := time.Parse(time.RFC3339, created); err != nil {
			return nil, &failure.Failure{
				ID:     "setting-invalid",
				Cause:  fmt.Sprintf("%s is %q, want a time as RFC 3339 writes it", createdVariable, created),
				Remedy: fmt.Sprintf("set %s to a time such as 2026-01-31T12:00:00Z, or leave it unset.", createdVariable),
			}
		}
	}
	return all, nil
}

func badLabels(cause string) error {
	return &failure.Failure{
		ID:     "setting-invalid",
		Cause:  fmt.Sprintf("%s cannot be read: %s", settings.ImageLabels, cause),
		Remedy: fmt.Sprintf(`set %s to key=value pairs with blanks between, such as team=web "contact=the web team"; keys do not begin with "%s".`, settings.ImageLabels, reservedLabels),
	}
}

// quotedWords splits a text at blanks as a shell does, with quotes and
// backslashes; nothing else is special. Ok is false if a quote is not closed.
func quotedWords(text string) (words []string, ok bool) {
	var word strings.Builder
	inWord, quote := false, rune(0)
	escaped := false
	for _, c := range text {
		switch {
		case escaped:
			if quote == '"' && !strings.ContainsRune("$`\"\\", c) {
				word.WriteByte('\\')
			}
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case strings.ContainsRune(" \t\r\n", c):
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, quote == 0 && !escaped
}
