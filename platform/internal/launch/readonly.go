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

// readOnly matches the error of a program that could not write to the image's
// files, and the path if it has one: in quotes as Node.js prints it or before a
// colon as the shell does. Node.js says ENOENT if it makes a folder with those above
// it where it may not.
var readOnly = regexp.MustCompile(`(?i)\bENOENT: no such file or directory, mkdir ['"](/[^'"\n]*)['"]|\bEROFS\b[^'"\n]*(?:['"](/[^'"\n]*)['"])?|(/[^\s:'"]+)['"]?: read-only file system|read-only file system`)

// listener passes on a program's output, and searches it for readOnly.
type listener struct {
	to io.Writer

	mu   sync.Mutex
	rest []byte // of the current line
	said bool
	path string // the first path; empty without any
}

// maxRest is the length up to which an unfinished line is searched.
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

// look searches every line once, when it is complete.
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
	l.path = string(slices.Concat(found[1:]...))
}

// heard reports whether a program failed to write to read-only files, and the
// path.
func (l *listener) heard() (path string, said bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.said {
		l.find(l.rest)
	}
	return l.path, l.said
}

// hint explains such a failure to users of container engines, in which an image's
// files are writable until the container is removed.
func (o Options) hint(status sandbox.Status, outputs ...*listener) {
	if status.Code == 0 || o.Way == sandbox.Chroot || o.Writable || o.Stderr == nil {
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
