package runimage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Packages returns the control stanzas of the packages that a run image has, with
// empty lines between, from a folder such as [PackagesDir]. For an image that the
// folder does not list they are those that all listed images have. It is empty if
// there is no such folder.
func Packages(dir, id string) (stanzas []byte, err error) {
	if id != "" && filepath.Base(id) == id {
		text, err := os.ReadFile(filepath.Join(dir, id))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the packages of run images: %w", err)
	}
	images := map[string]int{} // by stanza
	var out strings.Builder
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading the packages of run images: %w", err)
		}
		for stanza := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
			if images[stanza]++; images[stanza] == len(entries) {
				out.WriteString(stanza + "\n\n")
			}
		}
	}
	return []byte(out.String()), nil
}
