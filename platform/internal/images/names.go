//go:build linux

package images

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// The grammar of names (Distribution spec, "Pulling manifests"; registries as
// Docker parses them). The library also accepts a//b, which would be the same
// path as a/b, and -x, which is a flag to other programs.
var (
	repositoryNames = regexp.MustCompile(`^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$`)
	tagNames        = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	registryNames   = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$`)
)

// ParseTag parses an image's name: a repository and, after a colon, a tag, by
// default "latest". The error says what is wrong with it.
func ParseTag(text string) (name.Tag, error) {
	if err := hasNoScheme(text); err != nil {
		return name.Tag{}, err
	}
	if strings.Contains(text, "@") {
		return name.Tag{}, errors.New("it has an @, and only an image that is there has a digest")
	}
	if last := text[strings.LastIndexByte(text, '/')+1:]; strings.Count(last, ":") > 1 {
		return name.Tag{}, fmt.Errorf("%q has %d colons, want at most one, before the tag", last, strings.Count(last, ":"))
	}
	tag, err := name.NewTag(text)
	if short := lastOfOneLetter(text); err != nil && short != "" {
		return tag, fmt.Errorf("its repository %q has one character, want at least two", short)
	}
	if err != nil {
		return tag, err
	}
	for _, part := range []struct {
		is, text string
		pattern  *regexp.Regexp
	}{
		{"registry", tag.RegistryStr(), registryNames}, {"repository", tag.RepositoryStr(), repositoryNames}, {"tag", tag.TagStr(), tagNames},
	} {
		if !part.pattern.MatchString(part.text) {
			return tag, fmt.Errorf("its %s is %q", part.is, part.text)
		}
	}
	return tag, hasPort(tag.RegistryStr())
}

// IsRegistry reports whether a text is a registry as in references, HOST or
// HOST:PORT.
func IsRegistry(text string) bool { return registryNames.MatchString(text) && hasPort(text) == nil }

// hasPort refuses a registry, HOST or HOST:PORT, with an invalid port.
func hasPort(registry string) error {
	_, port, found := strings.Cut(registry[strings.LastIndexByte(registry, ']')+1:], ":")
	if n, err := strconv.ParseUint(port, 10, 16); found && (err != nil || n == 0) {
		return fmt.Errorf("the port of its registry is %q, want a number from 1 to 65535", port)
	}
	return nil
}

// OnDockerHub reports whether a name is on Docker Hub, as all names without a
// registry are.
func OnDockerHub(tag name.Tag) bool { return tag.RegistryStr() == name.DefaultRegistry }

// lastOfOneLetter returns a text's repository if that has one character, which
// Docker accepts and the library does not, or "".
func lastOfOneLetter(text string) string {
	host, repository, found := strings.Cut(text, "/")
	if !found {
		repository = text
	} else if host != "localhost" && !strings.ContainsAny(host, ".:") {
		return ""
	}
	if repository, _, _ = strings.Cut(repository, ":"); len(repository) != 1 {
		return ""
	}
	return repository
}

// hasNoScheme refuses https://registry/name, which would be an image of a
// registry called "https".
func hasNoScheme(text string) error {
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return nil
	}
	return fmt.Errorf("it begins with %s://: want %s", scheme, rest)
}

// isNoPath refuses a text that can only be a folder's path. The folder has no
// layout, or it would have been found.
func isNoPath(text string) error {
	for _, start := range []string{"/", "./", "../"} {
		if strings.HasPrefix(text, start) {
			return errors.New("there is no OCI layout, which has a file index.json")
		}
	}
	return nil
}
