package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/files/archive"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/distribution"
)

// addArchives unpacks the archives, which are named by their checksums, into
// folders, so that builds need not. Compressed again they have the same size.
func (p *packager) addArchives(to string) error {
	entries, err := os.ReadDir(p.archives)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		pin, err := checksum.Parse(strings.Replace(entry.Name(), "-", ":", 1))
		if err != nil {
			continue // not an archive
		}
		source, dir := filepath.Join(p.archives, entry.Name()), filepath.Join(to, pin.FolderName())
		if err := pin.Verify(source); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		everything := archive.Selection{Dirs: map[string]string{"": ""}, Skip: distribution.ForeignHeader}
		if err := archive.Unpack(p.ctx, source, dir, everything); err != nil {
			return err
		}
	}
	return nil
}

// addManagers copies the archives of package managers, which are named by their
// checksums. A build unpacks one of them.
func (p *packager) addManagers(to string) error {
	entries, err := os.ReadDir(p.programs)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, entry := range entries {
		pin, err := checksum.Parse(strings.Replace(entry.Name(), "-", ":", 1))
		if err != nil {
			continue // not an archive
		}
		source := filepath.Join(p.programs, entry.Name())
		if err := pin.Verify(source); err != nil {
			return err
		}
		if err := tree.CopyFile(source, filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
