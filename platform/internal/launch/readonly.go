//go:build linux

package launch

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// readOnly is how programs say that they could not write to the image's files,
// with the path where they name one, in quotes as Node.js does it or before a
// colon as the shell does.
var readOnly = regexp.MustCompile(`(?i)\bEROFS\b[^'"\n]*(?:['"](/[^'"\n]*)['"])?|(/[^\s:'"]+)['"]?: read-only file system|read-only file system`)

// listener passes on what a program prints, and remembers whether it said that
// files are read-only.
type listener struct {
	to io.Writer

	mu   sync.Mutex
	rest []byte // of the last line
	said bool
	path string // of the first that was named; empty when none was
}

// maxRest is how much of a line without an end is looked at.
const maxRest = 4 << 10

// listen returns two writers in place of two, one in place of one.
func listen(stdout, stderr io.Writer) (out, err *listener) {
	out = &listener{to: stdout}
	if stdout != nil && stderr != nil && reflect.ValueOf(stdout).Comparable() && reflect.ValueOf(stderr).Comparable() && stdout == stderr {
		return out, out
	}
	return out, &listener{to: stderr}
}

func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.look(p)
	if l.to == nil {
		return len(p), nil
	}
	return l.to.Write(p)
}

// look looks at every line once, when it is whole.
func (l *listener) look(p []byte) {
	if l.path != "" {
		return
	}
	l.rest = append(l.rest, p...)
	end := bytes.LastIndexByte(l.rest, '\n')
	if end < 0 && len(l.rest) < maxRest {
		return
	}
	if end < 0 {
		end = len(l.rest) - 1
	}
	l.find(l.rest[:end+1])
	l.rest = append([]byte{}, l.rest[end+1:]...)
}

func (l *listener) find(text []byte) {
	found := readOnly.FindSubmatch(text)
	if found == nil {
		return
	}
	l.said = true
	l.path = string(append(found[1], found[2]...))
}

// heard says whether a program spoke of read-only files, and of which.
func (l *listener) heard() (path string, said bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.said {
		l.find(l.rest)
	}
	return l.path, l.said
}

// hint tells whoever is used to container engines why a process failed: there an
// image's files can be written to, until the container is gone.
func (o Options) hint(status sandbox.Status, outputs ...*listener) {
	if status.Code == 0 || o.Way == sandbox.Chroot || o.Stderr == nil {
		return
	}
	for _, output := range outputs {
		path, said := output.heard()
		if !said || slices.ContainsFunc(o.Mounts, func(m Mount) bool { return m.ReadOnly && within(m.Target, path) }) {
			continue
		}
		where := "one"
		if path != "" {
			where = strconv.Quote(path)
		}
		fmt.Fprintf(o.Stderr, "armature: %s\n", &failure.Failure{
			ID: "image-read-only", Cause: "the image's files are read-only, and the process failed when it wrote to " + where,
			Remedy: "give it a folder: --tmpfs PATH is empty and gone afterwards, --volume HOST:PATH is one of this machine's.",
		})
		return
	}
}
