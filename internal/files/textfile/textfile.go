// Package textfile decodes an app's text files (package.json, .nvmrc, …), which
// editors and shells of any system may have written.
package textfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// The byte order marks, as Unicode gives them (section 23.8 of the standard).
const (
	markUTF8    = "\xef\xbb\xbf"
	markUTF16LE = "\xff\xfe"
	markUTF16BE = "\xfe\xff"
	markUTF32LE = markUTF16LE + "\x00\x00"
)

// Decode returns a text as UTF-8 without a byte order mark. A byte order mark
// identifies UTF-16, as PowerShell 5 writes it, in either byte order. Without a
// mark the text is returned unchanged and unchecked. UTF-32, and UTF-16 that is
// truncated or has an unpaired surrogate, is an error.
func Decode(text []byte) ([]byte, error) {
	begins := func(mark string) bool { return bytes.HasPrefix(text, []byte(mark)) }
	switch {
	case begins(markUTF8):
		return text[len(markUTF8):], nil
	case begins(markUTF32LE):
		return nil, errors.New("the text is UTF-32 with a byte order mark, want UTF-8")
	case begins(markUTF16LE):
		return decodeUTF16(text[len(markUTF16LE):], binary.LittleEndian)
	case begins(markUTF16BE):
		return decodeUTF16(text[len(markUTF16BE):], binary.BigEndian)
	}
	return text, nil
}

// IsUTF16 reports whether a text has a byte order mark of UTF-16. npm and
// Node.js read UTF-8 only.
func IsUTF16(text []byte) bool {
	return bytes.HasPrefix(text, []byte(markUTF16LE)) || bytes.HasPrefix(text, []byte(markUTF16BE))
}

func decodeUTF16(text []byte, order binary.ByteOrder) ([]byte, error) {
	if len(text)%2 != 0 {
		return nil, errors.New("the text is UTF-16 and ends in the middle of a character")
	}
	decoded := make([]byte, 0, len(text)/2)
	for i := 0; i < len(text); i += 2 {
		r := rune(order.Uint16(text[i:]))
		if utf16.IsSurrogate(r) {
			second := rune(utf8.RuneError)
			if i+4 <= len(text) {
				second = rune(order.Uint16(text[i+2:]))
			}
			if r = utf16.DecodeRune(r, second); r == utf8.RuneError {
				return nil, errors.New("the text is UTF-16 and has half of a surrogate pair")
			}
			i += 2
		}
		decoded = utf8.AppendRune(decoded, r)
	}
	return decoded, nil
}
