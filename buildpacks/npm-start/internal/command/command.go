// Package command parses the commands of a package.json's scripts, as far as
// possible without a shell. The buildpack uses it in the build, and the
// supervisor at launch.
package command

import (
	"slices"
	"strings"
)

// Split splits a script that is one plain command into words, as a shell would:
// variables for the command, as NAME=VALUE, and then the command and its
// arguments. Plain is false if the script needs a shell: for expansions, pipes,
// lists, redirections, patterns, reserved words and builtins, several lines.
func Split(script string) (words []string, plain bool) {
	s := splitter{rest: strings.Trim(script, " \t\n")}
	named := 0 // number of variables among the words
	for s.skipBlanks(); s.rest != ""; s.skipBlanks() {
		isVariable := named == len(words) && assigns(s.rest)
		word, ok := s.word()
		if !ok || isVariable && strings.Contains(word, "~") { // expands to a home folder after = and :
			return nil, false
		}
		words = append(words, word)
		if isVariable {
			named++
		}
	}
	if named == len(words) || strings.Contains(words[named], "=") || slices.Contains(shellWords, words[named]) {
		return nil, false
	}
	return words, true
}

// Variables divides the result of [Split].
func Variables(words []string) (variables, command []string) {
	n := 0
	for n < len(words) && strings.Contains(words[n], "=") {
		n++
	}
	return words[:n], words[n:]
}

// assigns reports whether a text begins with a variable for a command. PATH is
// excluded: a shell finds the command by its new value.
func assigns(text string) bool {
	name, _, found := strings.Cut(text, "=")
	if !found || name == "" || name == "PATH" || '0' <= name[0] && name[0] <= '9' {
		return false
	}
	return strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789") == ""
}

// shellWords are the POSIX shell's reserved words and builtins, including those
// that also exist as programs: a run image may have only sh.
var shellWords = strings.Fields(`! { } case do done elif else esac fi for if in then until while
	. : alias bg break cd command continue eval exec exit export fc fg getopts hash jobs kill read readonly return set shift times trap
	type ulimit umask unalias unset wait source local
	[ echo false printf pwd test true`)

// Bytes with a meaning for a shell: anywhere outside of quotes, only at the
// beginning of a word, and inside of double quotes.
const (
	special       = "|&;<>()$`*?[\n"
	specialFirst  = "#~"
	specialQuoted = "$`"
)

// splitter takes words off the beginning of a script.
type splitter struct{ rest string }

func (s *splitter) skipBlanks() { s.rest = strings.TrimLeft(s.rest, " \t") }

func (s *splitter) next() byte {
	c := s.rest[0]
	s.rest = s.rest[1:]
	return c
}

// word takes off the next word. Ok is false if it is not literal, or a quote is
// not closed.
func (s *splitter) word() (word string, ok bool) {
	var b strings.Builder
	if strings.IndexByte(specialFirst, s.rest[0]) >= 0 {
		return "", false
	}
	for s.rest != "" {
		switch c := s.next(); {
		case c == ' ' || c == '\t':
			return b.String(), true
		case c == '\'':
			quoted, rest, closed := strings.Cut(s.rest, "'")
			if !closed {
				return "", false
			}
			b.WriteString(quoted)
			s.rest = rest
		case c == '"':
			quoted, closed := s.quoted()
			if !closed {
				return "", false
			}
			b.WriteString(quoted)
		case c == '\\':
			if s.rest == "" || s.rest[0] == '\n' {
				return "", false
			}
			b.WriteByte(s.next())
		case strings.IndexByte(special, c) >= 0:
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// quoted takes off the rest of a text in double quotes.
func (s *splitter) quoted() (text string, ok bool) {
	var b strings.Builder
	for s.rest != "" {
		switch c := s.next(); {
		case c == '"':
			return b.String(), true
		case strings.IndexByte(specialQuoted, c) >= 0:
			return "", false
		case c == '\\' && s.rest != "" && strings.IndexByte("$`\"\\", s.rest[0]) >= 0:
			b.WriteByte(s.next())
		case c == '\\' && s.rest != "" && s.rest[0] == '\n':
			return "", false
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// Quote writes words so that a shell, and a reader, can tell them apart.
func Quote(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		if again, plain := Split("x " + word); !plain || len(again) != 2 || again[1] != word {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		quoted[i] = word
	}
	return strings.Join(quoted, " ")
}
