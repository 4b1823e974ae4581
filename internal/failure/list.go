package failure

import (
	"fmt"
	"strings"
)

// maxListed is how many lines a cause repeats.
const maxListed = 10

// List is the end of a cause: a colon and the lines, each on a line of its own, of
// many the first ten. It is empty for none.
func List(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	more := ""
	if over := len(lines) - maxListed; over > 0 {
		lines, more = lines[:maxListed], fmt.Sprintf("\n  and %d more", over)
	}
	return ":\n  " + strings.Join(lines, "\n  ") + more
}
