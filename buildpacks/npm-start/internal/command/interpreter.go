package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// maxLine is as much of a file's first line as Linux looks at.
const maxLine = 256

// Shell is the program that runs scripts which name no other.
const Shell = "sh"

// Interpreter returns what a script in a file is to be run by, as its first
// line says: a program and at most one argument ("#!/bin/sh -e"). A text
// without such a line is for [Shell]: the kernel starts none, and a shell takes
// it for a script of its own then. For a file that is not a script it is
// nothing.
func Interpreter(path string) ([]string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // opening a pipe does not wait
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fmt.Errorf("%s is no regular file", path))
	}
	head := make([]byte, maxLine)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	line, _, _ := bytes.Cut(head[:n], []byte("\n"))
	text, found := strings.CutPrefix(string(line), "#!")
	if !found && bytes.IndexByte(head[:n], 0) < 0 && !bytes.HasPrefix(head, []byte("\x7fELF")) {
		return []string{Shell}, nil
	}
	if !found {
		return nil, nil
	}
	program, argument, _ := strings.Cut(strings.Trim(text, " \t\r"), " ")
	if argument = strings.Trim(argument, " \t"); argument != "" {
		return []string{program, argument}, nil
	}
	return []string{program}, nil
}

// ThroughEnv returns what "#!/usr/bin/env node" and "#!/usr/bin/env -S node
// --flag" look up on the PATH: a program and its arguments. It is false for
// other interpreters, and for what only env can do.
func ThroughEnv(interpreter []string) (words []string, ok bool) {
	if len(interpreter) != 2 || interpreter[0] != "/usr/bin/env" && interpreter[0] != "/bin/env" {
		return nil, false
	}
	text, several := strings.CutPrefix(interpreter[1], "-S")
	words = []string{text}
	if several {
		words = strings.Fields(text)
	}
	if len(words) == 0 || words[0] == "" || strings.HasPrefix(words[0], "-") || strings.ContainsAny(text, "=\\'\"${}#") || !several && strings.ContainsAny(text, " \t") {
		return nil, false
	}
	return words, true
}
