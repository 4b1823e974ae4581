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

// maxLine is how many bytes of a file's first line Linux reads.
const maxLine = 256

// Shell is the interpreter of scripts that name none.
const Shell = "sh"

// Interpreter returns the interpreter in the first line of a script: a program
// and at most one argument ("#!/bin/sh -e"). For a text without such a line it
// returns [Shell]: the kernel does not execute it, and a shell then runs it as
// its own script. For any other file it returns nil.
func Interpreter(path string) ([]string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // do not wait when opening a pipe
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

// ThroughEnv returns the program and its arguments that "#!/usr/bin/env node" and
// "#!/usr/bin/env -S node --flag" look up on the PATH. Ok is false for other
// interpreters, and if env itself is needed.
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
