package packagemanager

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/files/regular"
)

// The lines of a yarn.lock that npm's parser accepts. From the first other line
// on, npm silently ignores the rest of the file.
var (
	entryLine = regexp.MustCompile(`^[^\s\x{feff}].*:$`)
	valueLine = regexp.MustCompile(`^ {2}\S+(?::| .+)$|^ {4}\S+ .+$`)
)

// Entries returns the number of entries that npm reads from the Yarn 1 lockfile
// at a path. A line that npm cannot read, for example of a merge conflict, is
// an error that quotes it.
func Entries(path string) (int, error) {
	text, err := regular.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("reading the lockfile: %w", regular.TooLarge(err))
	}
	entries, number := 0, 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		switch {
		case line == "", line[0] == '#':
		case entryLine.MatchString(line):
			entries++
		case !valueLine.MatchString(line) || entries == 0:
			return 0, fmt.Errorf("line %d, %q, is none of a yarn.lock", number, line)
		}
	}
	return entries, nil
}
