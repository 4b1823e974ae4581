package yarnlock

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// header matches the comment with which Yarn 1 says the version of the format.
var header = regexp.MustCompile(`(?m)^# yarn lockfile v(\d+)\s*$`)

// parseClassic decodes Yarn 1's own syntax: an entry is a line of keys, and below it
// lines of values with an indent of two spaces, or of four in a block.
func parseClassic(text []byte) (Lock, error) {
	lock := Lock{Version: newestClassic}
	if found := header.FindSubmatch(text); found != nil {
		version, err := strconv.Atoi(string(found[1]))
		if err != nil || version != newestClassic {
			return Lock{}, fmt.Errorf("it has the format v%s of Yarn 1, want v%d", found[1], newestClassic)
		}
	}
	p := classicParser{}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if err := p.line(strings.TrimRight(line, "\r\n")); err != nil {
			return Lock{}, fmt.Errorf("line %d, %q: %w", number, strings.TrimSpace(line), err)
		}
	}
	lock.Entries = p.entries
	for i := range lock.Entries {
		lock.Entries[i].finishClassic()
	}
	return lock, nil
}

type classicParser struct {
	entries []Entry
	block   string // the name of the block at the moment: "dependencies"
}

func (p *classicParser) line(line string) error {
	rest := strings.TrimLeft(line, " ")
	indent := len(line) - len(rest)
	switch {
	case rest == "" || rest[0] == '#':
		return nil
	case indent == 0:
		return p.key(rest)
	case len(p.entries) == 0:
		return errors.New("it is of no entry")
	case indent == 2 && strings.HasSuffix(rest, ":"):
		p.block = strings.TrimSuffix(rest, ":")
		return nil
	case indent == 2:
		p.block = ""
	case indent != 4 || p.block == "":
		return fmt.Errorf("got an indent of %d, want 0, 2, or 4 in a block", indent)
	}
	name, rest, err := word(rest)
	if err != nil {
		return err
	}
	value, rest, err := word(strings.TrimLeft(rest, " "))
	if err != nil || rest != "" {
		return errors.Join(errors.New("it is no name with one value"), err)
	}
	p.entries[len(p.entries)-1].set(p.block, name, value)
	return nil
}

func (p *classicParser) key(line string) error {
	line, ok := strings.CutSuffix(line, ":")
	if !ok {
		return errors.New("got no colon at the end of a key")
	}
	entry := Entry{Dependencies: map[string]string{}, Optional: map[string]bool{}}
	for {
		descriptor, rest, err := word(line)
		if err != nil {
			return err
		}
		entry.Descriptors = append(entry.Descriptors, descriptor)
		if rest == "" {
			break
		}
		if line, ok = strings.CutPrefix(rest, ", "); !ok {
			return errors.New("want a comma between keys")
		}
	}
	entry.Name, _ = splitDescriptor(entry.Descriptors[0])
	p.entries, p.block = append(p.entries, entry), ""
	return nil
}

// word takes a word from the start of a text: a JSON string, or all up to a comma or
// a space.
func word(text string) (value, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ", ")
		if end < 0 {
			end = len(text)
		}
		if end == 0 {
			return "", text, errors.New("a word is missing")
		}
		return text[:end], text[end:], nil
	}
	for end := 1; end < len(text); end++ {
		switch text[end] {
		case '\\':
			end++
		case '"':
			err := json.Unmarshal([]byte(text[:end+1]), &value)
			return value, text[end+1:], err
		}
	}
	return "", text, errors.New("a quote is not closed")
}

func (e *Entry) set(block, name, value string) {
	switch block {
	case "":
		switch name {
		case "version":
			e.Version = value
		case "resolved":
			e.Resolved = value
		case "integrity":
			e.Integrity = value
		}
	case "dependencies", "optionalDependencies":
		e.Dependencies[name] = value
		if block == "optionalDependencies" {
			e.Optional[name] = true
		}
	}
}

// finishClassic takes the digest from the address if there is no other, as in
// lockfiles from before 2018.
func (e *Entry) finishClassic() {
	_, fragment, _ := strings.Cut(e.Resolved, "#")
	digest, err := hex.DecodeString(fragment)
	if e.Integrity == "" && err == nil && len(digest) == 20 && !strings.HasPrefix(e.Resolved, "git") && strings.Contains(e.Resolved, ".tgz#") {
		e.Integrity = "sha1-" + base64.StdEncoding.EncodeToString(digest)
	}
}
