// Package scripts does what the maintainer scripts of Debian packages (Debian
// Policy 6) mean for a layer. It interprets them for a first installation; none of
// the target's programs runs. The commands that they may call are a table: links of
// alternatives and files in the layer are made, and what only services, desktops
// and caches need is left out. Any other command is an error.
package scripts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/rootfs"
	"github.com/armature-cnb/armature/internal/failure"
)

// UnsupportedID is the id of the [failure.Failure] for a script that does more.
const UnsupportedID = "apt-script-unsupported"

// longest is how long a script may take. Only tests change it.
var longest = 20 * time.Second

// Package is a package whose files are in the layer.
type Package struct {
	Name    string
	Arch    string            // the target's, as dpkg calls it
	Control map[string]string // its control files by name
}

// run is a script that is interpreted.
type run struct {
	Package
	root         *rootfs.Root
	alternatives Alternatives
	questions    map[string]string // debconf's: the defaults by name
	text         string
	parsed       *syntax.File
	fault        *fault
}

// fault is a command that does more, and its line, from 1 on.
type fault struct {
	line uint
	err  error
}

// calls are a package's scripts, with their arguments at a first installation
// (Debian Policy 6.5).
var calls = []struct {
	name string
	args []string
}{
	{"preinst", []string{"install"}},
	{"postinst", []string{"configure", ""}},
}

var shell = regexp.MustCompile(`^#! ?(/usr)?/bin/(sh|bash|dash)\b`)

// Run does what a package's scripts mean for the layer, and collects its
// alternatives.
func Run(ctx context.Context, p Package, root *rootfs.Root, alternatives Alternatives) error {
	for _, call := range calls {
		text, ok := p.Control[call.name]
		if !ok {
			continue
		}
		r := &run{Package: p, root: root, alternatives: alternatives, questions: questions(p.Control["templates"]), text: text}
		if !shell.MatchString(text) {
			return r.unsupported(call.name, 1, errors.New("it is no shell script"))
		}
		if err := r.interpret(ctx, call.args); err != nil {
			line := uint(1)
			if r.fault != nil {
				line, err = r.fault.line, r.fault.err
			}
			return r.unsupported(call.name, line, err)
		}
	}
	return nil
}

func (r *run) unsupported(script string, line uint, err error) error {
	text := ""
	if lines := strings.Split(r.text, "\n"); int(line) <= len(lines) {
		text = strings.TrimSpace(lines[line-1])
	}
	return &failure.Failure{
		ID:     UnsupportedID,
		Cause:  fmt.Sprintf("the package %s has a script %s that does more than a layer can have, in line %d: %q", r.Name, script, line, text),
		Remedy: "leave the package out, or what depends on it; or build the image with a run image that has it.",
		Err:    err,
	}
}

func (r *run) interpret(ctx context.Context, args []string) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(r.text), "")
	if err != nil {
		return err
	}
	r.parsed = parsed
	runner, err := interp.New(
		interp.Env(expand.ListEnviron("PATH=/usr/sbin:/usr/bin", "HOME=/", "DEBIAN_FRONTEND=noninteractive", "DPKG_ROOT=",
			"DPKG_MAINTSCRIPT_PACKAGE="+r.Name, "DPKG_MAINTSCRIPT_ARCH="+r.Arch)),
		interp.Dir("/"),
		interp.Params(append([]string{"--"}, args...)...),
		interp.StdIO(nil, io.Discard, io.Discard),
		interp.CallHandler(lookups),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return r.exec }),
		interp.OpenHandler(r.open),
		interp.StatHandler(r.stat),
		interp.AccessHandler(func(_ context.Context, name string, _ interp.AccessMode) error {
			_, err := r.root.Stat(rootfs.Clean(name))
			return err
		}),
		interp.ReadDirHandler2(func(_ context.Context, name string) ([]fs.DirEntry, error) {
			return fs.ReadDir(r.root.FS(), rootfs.Clean(name))
		}),
	)
	if err != nil {
		return err
	}
	err = runner.Run(ctx, parsed)
	if r.fault != nil {
		return r.fault.err
	}
	return err
}

// lookups turns the shell's own searches for programs, which would look at the
// host, into which.
func lookups(_ context.Context, args []string) ([]string, error) {
	switch {
	case len(args) > 2 && args[0] == "command" && args[1] == "-v":
		return append([]string{"which"}, args[2:]...), nil
	case len(args) > 1 && args[0] == "type":
		return append([]string{"which"}, args[1:]...), nil
	}
	return args, nil
}

// exec is a command that is no part of the shell.
func (r *run) exec(ctx context.Context, args []string) error {
	handler := interp.HandlerCtx(ctx)
	output, status, err := r.call(args, handler.Stdin)
	if err != nil {
		return r.fail(handler.Pos, err)
	}
	if output != "" {
		if _, err := fmt.Fprintln(handler.Stdout, output); err != nil {
			return err
		}
	}
	if status != 0 {
		return interp.ExitStatus(uint8(status))
	}
	return nil
}

// fail ends the script.
func (r *run) fail(at syntax.Pos, err error) error {
	if r.fault == nil {
		r.fault = &fault{line: max(1, at.Line()), err: err}
	}
	return err
}

// open opens a file of the layer for reading. What a script writes is lost where
// a layer does without, and an error elsewhere.
func (r *run) open(_ context.Context, name string, flag int, _ fs.FileMode) (io.ReadWriteCloser, error) {
	if name = path.Clean(name); name == os.DevNull || isWritten(name) && flag&os.O_WRONLY != 0 {
		return os.OpenFile(os.DevNull, os.O_RDWR, 0)
	}
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC) != 0 {
		return nil, r.fail(r.redirection(name), fmt.Errorf("it writes %s", name))
	}
	if name == confmodule {
		return text{strings.NewReader(debconf)}, nil
	}
	return r.root.OpenFile(rootfs.Clean(name))
}

// redirection returns where the script redirects to a file, or to one whose name is
// not in the script as it is.
func (r *run) redirection(name string) (at syntax.Pos) {
	exact := false
	syntax.Walk(r.parsed, func(node syntax.Node) bool {
		if to, ok := node.(*syntax.Redirect); ok && to.Word != nil && !exact {
			exact = to.Word.Lit() == name
			if exact || to.Word.Lit() == "" && !at.IsValid() {
				at = to.Pos()
			}
		}
		return true
	})
	return at
}

func (r *run) stat(_ context.Context, name string, follow bool) (fs.FileInfo, error) {
	if path.Clean(name) == confmodule {
		return os.Stat(os.DevNull) // it is there
	}
	if follow {
		return r.root.Stat(rootfs.Clean(name))
	}
	return r.root.Lstat(rootfs.Clean(name))
}

// text is a file that is only read.
type text struct{ io.Reader }

func (text) Write([]byte) (int, error) { return 0, fs.ErrPermission }
func (text) Close() error              { return nil }
