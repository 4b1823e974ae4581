//go:build linux

package unpack

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

// members reads the members of a gzip file, one after the other. As in Node.js,
// zeros may follow the last one: old versions of tar wrote whole blocks.
type members struct {
	from   *bufio.Reader
	member *gzip.Reader
	end    error // once there is no more
}

func newMembers(from *bufio.Reader) (*members, error) {
	member, err := gzip.NewReader(from)
	if err != nil {
		return nil, err
	}
	member.Multistream(false)
	return &members{from: from, member: member}, nil
}

func (m *members) Read(p []byte) (int, error) {
	for m.end == nil {
		n, err := m.member.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		if m.end = m.next(); n > 0 {
			return n, nil
		}
	}
	return 0, m.end
}

// next begins the next member. io.EOF says that there is none.
func (m *members) next() error {
	first, err := m.from.Peek(1)
	switch {
	case err != nil:
		return err
	case first[0] == 0:
		return onlyZeros(m.from)
	}
	if err := m.member.Reset(m.from); err != nil {
		return err
	}
	m.member.Multistream(false)
	return nil
}

// onlyZeros requires that nothing else is left, and returns io.EOF then.
func onlyZeros(from *bufio.Reader) error {
	for {
		b, err := from.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return errors.New("something follows the zeros at the end of the gzip")
		}
	}
}

func (m *members) Close() error { return m.member.Close() }
