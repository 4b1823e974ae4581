//go:build linux

package sandbox

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// wire is a text in a [channel]'s messages: paths, arguments and variables are
// bytes, but JSON strings are UTF-8. Other text is encoded as a list of one
// base64 string.
type wire string

func (w wire) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(w)) {
		return json.Marshal(string(w))
	}
	return json.Marshal([...][]byte{[]byte(w)})
}

func (w *wire) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte("[")) {
		odd := [...][]byte{nil}
		err := json.Unmarshal(text, &odd)
		*w = wire(odd[0])
		return err
	}
	return json.Unmarshal(text, (*string)(w))
}

func wires(texts []string) []wire {
	all := make([]wire, len(texts))
	for i, text := range texts {
		all[i] = wire(text)
	}
	return all
}

func texts(wires []wire) []string {
	var all []string
	for _, one := range wires {
		all = append(all, string(one))
	}
	return all
}

type plainCommand Command

type wireCommand struct {
	plainCommand
	Args, Env    []wire
	Dir, Heading wire
}

// MarshalJSON keeps every byte.
func (c Command) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireCommand{plainCommand(c), wires(c.Args), wires(c.Env), wire(c.Dir), wire(c.Heading)})
}

// UnmarshalJSON decodes the output of MarshalJSON.
func (c *Command) UnmarshalJSON(text []byte) error {
	var w wireCommand
	err := json.Unmarshal(text, &w)
	*c = Command(w.plainCommand)
	c.Args, c.Env, c.Dir, c.Heading = texts(w.Args), texts(w.Env), string(w.Dir), string(w.Heading)
	return err
}

type plainBind Bind

type wireBind struct {
	plainBind
	Source, Target wire
}

// MarshalJSON keeps every byte.
func (b Bind) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireBind{plainBind(b), wire(b.Source), wire(b.Target)})
}

// UnmarshalJSON decodes the output of MarshalJSON.
func (b *Bind) UnmarshalJSON(text []byte) error {
	var w wireBind
	err := json.Unmarshal(text, &w)
	*b = Bind(w.plainBind)
	b.Source, b.Target = string(w.Source), string(w.Target)
	return err
}

type plainSetup setup

type wireSetup struct {
	plainSetup
	Root, MountPoint, Hostname wire
	Tmpfs                      []wire
}

func (s setup) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireSetup{plainSetup(s), wire(s.Root), wire(s.MountPoint), wire(s.Hostname), wires(s.Tmpfs)})
}

func (s *setup) UnmarshalJSON(text []byte) error {
	var w wireSetup
	err := json.Unmarshal(text, &w)
	*s = setup(w.plainSetup)
	s.Root, s.MountPoint, s.Hostname, s.Tmpfs = string(w.Root), string(w.MountPoint), string(w.Hostname), texts(w.Tmpfs)
	return err
}
