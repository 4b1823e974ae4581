//go:build linux

package phases

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

// short accepts this many bytes.
type short struct{ left int }

func (s *short) Write(p []byte) (int, error) {
	if s.left -= len(p); s.left < 0 {
		return 0, errFault
	}
	return len(p), nil
}

func TestADiskThatBecomesFullIsAnErrorOfWhateverIsWritten(t *testing.T) {
	content := "_cacache/content-v2/sha512/ab/cd/" + strings.Repeat("0", 124)
	from := tarOf(t, map[string]string{content: "an archive"})
	kept, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	kept.WriteString("downloads")
	for name, do := range map[string]func(to *short) error{
		"files": func(to *short) error {
			return (&downloadsCopier{checked: true, left: 1 << 20}).files(strings.NewReader(from), to)
		},
		"the layer": func(to *short) error {
			if _, err := kept.Seek(0, 2); err != nil {
				return err
			}
			return writeDownloads(to, kept, &tar.Header{})
		},
	} {
		for bytes := 0; ; bytes += 256 {
			to := &short{bytes}
			err := do(to)
			if to.left >= 0 {
				if err != nil || bytes == 0 {
					t.Errorf("%s: got %v with %d bytes", name, err, bytes)
				}
				break
			}
			if !errors.Is(err, errFault) {
				t.Errorf("%s: full after %d bytes: got %v", name, bytes, err)
			}
		}
	}
	layer := tarOf(t, map[string]string{downloadsFile: from})
	if err := (&downloadsCopier{left: 1 << 20, scratch: "/nowhere"}).copy(strings.NewReader(layer), &bytes.Buffer{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no room for what is kept: got %v", err)
	}
	index := "_cacache/index-v5/ab/cd/" + strings.Repeat("0", 60)
	half := tarOf(t, map[string]string{index: strings.Repeat("x", 1000)})[:600]
	if err := (&downloadsCopier{checked: true, left: 1 << 20}).files(strings.NewReader(half), &bytes.Buffer{}); err == nil {
		t.Error("half an archive: got no error")
	}
}
