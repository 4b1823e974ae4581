package command

import (
	"slices"
	"strings"
)

// Part is one command of a script, with what a shell makes it depend on.
type Part struct {
	Op    string   // what stands before it: "" for the first, or && || ; | &
	Words []string // without variables before them, quotes and redirections; what is to be expanded stays as it is written
}

// List divides a script into its commands. It is false for what it cannot
// follow: conditions, loops, groups, functions, commands inside of words. No
// shell would be needed to run a script without &&, ||, ;, | and &, see [Split]
// for that.
func List(script string) (parts []Part, ok bool) {
	l := lister{rest: script}
	current := Part{}
	add := func(op string) {
		if len(current.Words) > 0 {
			parts = append(parts, current)
			current = Part{Op: op}
		}
	}
	for {
		l.skipBlanks()
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
		if l.redirection() {
			l.skipBlanks()
			if word, ok := l.word(); !ok || word == "" {
				return nil, false
			}
			continue
		}
		isVariable := len(current.Words) == 0 && assigns(l.rest)
		word, ok := l.word()
		if !ok || len(current.Words) == 0 && slices.Contains(compound, word) {
			return nil, false
		}
		if !isVariable {
			current.Words = append(current.Words, word)
		}
	}
}

// compound are the words that begin what is more than a list of commands, or
// that change what the names of commands mean.
var compound = strings.Fields("! { } case do done elif else esac fi for if in then until while [[ function select alias eval trap exit return . source")

// lister takes words and operators off the beginning of a script.
type lister struct{ rest string }

// skipBlanks takes blanks off, and ends of lines that a backslash stands before.
func (l *lister) skipBlanks() {
	for before := ""; before != l.rest; {
		before = l.rest
		l.rest = strings.TrimPrefix(strings.TrimLeft(l.rest, " \t"), "\\\n")
	}
}

// comment takes a comment off, and says whether the script ends with it.
func (l *lister) comment() (ends bool) {
	_, rest, more := strings.Cut(l.rest, "\n")
	l.rest = "\n" + rest
	return !more
}

// operator takes one off that stands between two commands.
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

// redirection takes the beginning of one off: "2>", ">>", "<", ">&".
func (l *lister) redirection() bool {
	rest := strings.TrimPrefix(strings.TrimLeft(l.rest, "0123456789"), "&")
	if !strings.HasPrefix(rest, ">") && !strings.HasPrefix(rest, "<") || strings.HasPrefix(rest, "<<") || strings.HasPrefix(rest, "<(") || strings.HasPrefix(rest, ">(") {
		return false
	}
	l.rest = strings.TrimPrefix(strings.TrimLeft(rest, "<>|"), "&")
	return true
}

// word takes a word off, without its quotes. It fails at what begins a command
// of its own, and at quotes that are not closed.
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
