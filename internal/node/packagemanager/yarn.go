package packagemanager

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/files/regular"
)

// The lines of a yarn.lock that npm reads, as its own reader has them. It
// passes over the rest of a file, and says nothing, from the first line on that
// is none of these.
var (
	entryLine = regexp.MustCompile(`^[^\s\x{feff}].*:$`)
	valueLine = regexp.MustCompile(`^ {2}\S+(?::| .+)$|^ {4}\S+ .+$`)
)

// Entries returns how many entries npm reads in the yarn.lock of Yarn 1 in a
// path. A line that npm cannot read is an error that quotes it: one of a merge
// conflict, for example.
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
