package textfile_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/armature-cnb/armature/internal/files/textfile"
)

func encode(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

func TestDecode(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"one byte", "\xff", "\xff"},
		{"plain UTF-8", "v24 \u00fc\n", "v24 \u00fc\n"},
		{"UTF-8 with a mark", "\xef\xbb\xbfv24\n", "v24\n"},
		{"a mark alone", "\xef\xbb\xbf", ""},
		{"only the first mark goes", "\xef\xbb\xbf\xef\xbb\xbfa", "\xef\xbb\xbfa"},
		{"UTF-16 little endian, as PowerShell 5 writes it", encode(binary.LittleEndian, "v24\r\n"), "v24\r\n"},
		{"UTF-16 big endian", encode(binary.BigEndian, "v24\r\n"), "v24\r\n"},
		{"UTF-16 of nothing", "\xff\xfe", ""},
		{"characters of two, three and four bytes", encode(binary.LittleEndian, "\u00fc\u20ac\U0001f600"), "\u00fc\u20ac\U0001f600"},
		{"bytes that are no text, without a mark", "\x00\x80", "\x00\x80"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := textfile.Decode([]byte(row.text))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"UTF-16 that is cut off", "\xff\xfev\x002", "in the middle"},
		{"the first half of a pair at the end", "\xff\xfe\x3d\xd8", "half of a surrogate pair"},
		{"the first half of a pair before a letter", "\xff\xfe\x3d\xd8a\x00", "half of a surrogate pair"},
		{"the second half of a pair", "\xfe\xff\xde\x00", "half of a surrogate pair"},
		{"UTF-32", "\xff\xfe\x00\x00v\x00\x00\x00", "UTF-32"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := textfile.Decode([]byte(row.text))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %q and the error %v, want an error with %q", got, err, row.want)
			}
		})
	}
}

func TestIsUTF16(t *testing.T) {
	for _, row := range []struct {
		text string
		want bool
	}{{"", false}, {"{}", false}, {"\xef\xbb\xbf{}", false}, {"\xff\xfe{\x00", true}, {"\xfe\xff\x00{", true}, {"\xff", false}} {
		if got := textfile.IsUTF16([]byte(row.text)); got != row.want {
			t.Errorf("%q: got %t", row.text, got)
		}
	}
}
