// Package shellscript divides a script of a package.json into its commands.
package shellscript

import (
	"regexp"
	"slices"
	"strings"
)

// Part is one command of a script, with the operator before it.
type Part struct {
	Op    string   // "" for the first, or && || ; | &
	Words []string // without variables before them, quotes and redirections; expansions are not evaluated

	// Start and End are the command's place in the script, in bytes, with its
	// variables and redirections, without blanks after it.
	Start, End int

	// Places are those of the words, from and to, in bytes.
	Places [][2]int
}

// List divides a script into its commands. Ok is false for what it cannot parse:
// conditions, loops, groups, functions, command substitution.
func List(script string) (parts []Part, ok bool) {
	l := lister{rest: script}
	current, begun := Part{}, false
	place := func() int { return len(script) - len(l.rest) }
	add := func(op string) {
		if len(current.Words) > 0 {
			parts = append(parts, current)
			current, begun = Part{Op: op}, false
		}
	}
	for {
		l.skipBlanks()
		if !begun {
			current.Start = place()
		}
		if l.rest == "" || l.rest[0] == '#' && l.comment() {
			add("")
			return parts, true
		}
		if op := l.operator(); op != "" {
			if len(current.Words) == 0 && op != ";" {
				return nil, false
			}
			add(op)
			continue
		}
		begun = true
		if l.redirection() {
			l.skipBlanks()
			if word, ok := l.word(); !ok || word == "" {
				return nil, false
			}
			current.End = place()
			continue
		}
		isVariable := len(current.Words) == 0 && assigns(l.rest)
		from := place()
		word, ok := l.word()
		if !ok || len(current.Words) == 0 && slices.Contains(compound, word) {
			return nil, false
		}
		if !isVariable {
			current.Words = append(current.Words, word)
			current.Places = append(current.Places, [2]int{from, place()})
		}
		current.End = place()
	}
}

// variable matches a variable before a command.
var variable = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)=`)

// assigns reports whether a text begins with a variable for a command. PATH is
// excluded: a shell finds the command by its new value.
func assigns(text string) bool {
	found := variable.FindStringSubmatch(text)
	return found != nil && found[1] != "PATH"
}

// compound are words that begin more than a list of commands, or that change the
// meaning of command names.
var compound = strings.Fields("! { } case do done elif else esac fi for if in then until while [[ function select alias eval trap exit return . source")

// lister takes words and operators off the beginning of a script.
type lister struct{ rest string }

// skipBlanks takes off blanks and escaped line ends.
func (l *lister) skipBlanks() {
	for before := ""; before != l.rest; {
		before = l.rest
		l.rest = strings.TrimPrefix(strings.TrimLeft(l.rest, " \t"), "\\\n")
	}
}

// comment takes off a comment, and reports whether the script ends with it.
func (l *lister) comment() (ends bool) {
	_, rest, more := strings.Cut(l.rest, "\n")
	l.rest = "\n" + rest
	return !more
}

// operator takes off an operator between two commands.
func (l *lister) operator() string {
	for _, op := range []string{"&&", "||", ";", "\n", "|", "&"} {
		if !strings.HasPrefix(l.rest, op) || strings.HasPrefix(l.rest, "&>") || strings.HasPrefix(l.rest, ";;") || strings.HasPrefix(l.rest, "|&") {
			continue
		}
		l.rest = l.rest[len(op):]
		if op == "\n" {
			op = ";"
		}
		return op
	}
	return ""
}

// redirection takes off the beginning of a redirection: "2>", ">>", "<", ">&".
func (l *lister) redirection() bool {
	rest := strings.TrimPrefix(strings.TrimLeft(l.rest, "0123456789"), "&")
	if !strings.HasPrefix(rest, ">") && !strings.HasPrefix(rest, "<") || strings.HasPrefix(rest, "<<") || strings.HasPrefix(rest, "<(") || strings.HasPrefix(rest, ">(") {
		return false
	}
	l.rest = strings.TrimPrefix(strings.TrimLeft(rest, "<>|"), "&")
	return true
}

// word takes off a word, without its quotes. Ok is false if it contains a
// command, or a quote is not closed.
func (l *lister) word() (word string, ok bool) {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(l.rest); i++ {
		c := l.rest[i]
		switch {
		case quote == '\'' && c != '\'':
			b.WriteByte(c)
		case c == '`' || c == '$' && strings.HasPrefix(l.rest[i:], "$("):
			return "", false
		case c == '\\':
			if i++; i == len(l.rest) {
				return "", false
			}
			if l.rest[i] == '\n' {
				continue // the word goes on in the next line
			}
			if quote == '"' && strings.IndexByte("$`\"\\", l.rest[i]) < 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(l.rest[i])
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b.WriteByte(c)
		case c == '\'' || c == '"':
			quote = c
		case c == '$' && strings.HasPrefix(l.rest[i:], "${"):
			end := strings.IndexByte(l.rest[i:], '}')
			if end < 0 {
				return "", false
			}
			b.WriteString(l.rest[i : i+end+1])
			i += end
		case strings.IndexByte("()", c) >= 0:
			return "", false
		case strings.IndexByte(" \t\n;&|<>", c) >= 0:
			l.rest = l.rest[i:]
			return b.String(), i > 0
		default:
			b.WriteByte(c)
		}
	}
	l.rest = ""
	return b.String(), quote == 0
}
