package tree

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// AnchorLinks makes every symbolic link in a folder that leads out of it
// absolute, so that it still leads there once the folder is elsewhere. It
// returns the places that those links lead to. Links into the folders that move
// with it stay as they are.
func AnchorLinks(dir string, with ...string) ([]string, error) {
	var outside []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type() != fs.ModeSymlink {
			return err
		}
		link, err := os.Readlink(path)
		if err != nil {
			return err
		}
		place := link
		if !filepath.IsAbs(link) {
			place = filepath.Join(filepath.Dir(path), link)
		}
		if isBelow(place, dir) || slices.ContainsFunc(with, func(other string) bool { return isBelow(place, other) }) {
			return nil
		}
		outside = append(outside, place)
		if place == link {
			return nil
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.Symlink(place, path)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the links in %s: %w", dir, err)
	}
	return outside, nil
}

func isBelow(place, dir string) bool { return place == dir || strings.HasPrefix(place, dir+"/") }
