// Package appfolder prepares a developer's folder for an app image: it sets the
// modes that git would set, removes git's own files, and warns about files that
// look like secrets.
package appfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/appfolder/gitfolder"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// The settings, see buildpack.toml.
const (
	keepGitVariable   = "BP_KEEP_GIT"
	keepModesVariable = "BP_KEEP_FILE_MODES"
)

// Folder is an app's folder.
type Folder struct {
	dir                string
	log                scribe.Emitter
	keepGit, keepModes bool
}

// Open reads the settings. A value that cannot be read is an error.
func Open(dir string, getenv settings.Getenv, log scribe.Emitter) (f Folder, err error) {
	f = Folder{dir: dir, log: log}
	if f.keepGit, err = settings.Bool(getenv, keepGitVariable, false); err != nil {
		return f, err
	}
	f.keepModes, err = settings.Bool(getenv, keepModesVariable, false)
	return f, err
}

// KeepsGit reports whether git's own files stay in the image.
func (f Folder) KeepsGit() bool { return f.keepGit }

// Begin gives the app's files the modes that git has for them, before anything
// reads them: modes depend on the umask of the checkout, and scripts copy them.
func (f Folder) Begin() error {
	w := &walk{Folder: f}
	if err := w.run(); err != nil {
		return fmt.Errorf("giving the app's files their modes: %w", err)
	}
	// If most files are private, the umask is the cause and none is intended.
	if len(w.private)*2 < w.files {
		f.warn("[file-mode-opened] files that only their owner could read get the mode 644 or 755, as git has it", w.private, f.modesKept())
	}
	f.warnOfRefused(w)
	return nil
}

// Finish does the same for files made since, removes git's own files, and names
// what looks like a secret. Call it after the last script.
func (f Folder) Finish() error {
	w := &walk{Folder: f, finishing: true}
	if err := w.run(); err != nil {
		return fmt.Errorf("finishing the app's folder: %w", err)
	}
	if len(w.git) > 0 {
		f.log.Process("Leaving out of the app image what is git's own: %s", some(w.git))
		f.log.Subprocess("%s=true keeps it.", keepGitVariable)
		f.log.Break()
	}
	f.warn("[file-mode-narrowed] what a script let everybody write to gets the mode 644 or 755, as git has it", w.open, f.modesKept())
	f.warnOfRefused(w)
	f.warnOfSecrets(w.secrets)
	return nil
}

func (f Folder) modesKept() string {
	return keepModesVariable + "=true keeps all modes as they are; then the image's digest depends on the umask of whoever checked the app out."
}

func (f Folder) warnOfRefused(w *walk) {
	f.warn("[file-mode-kept] the modes of files and folders of somebody else stay as they are", w.refused, "")
}

// warn logs a warning about the names, if any.
func (f Folder) warn(text string, names []string, more string) {
	if len(names) == 0 {
		return
	}
	f.log.Process("WARNING: %s: %s", text, some(names))
	if more != "" {
		f.log.Subprocess("%s", more)
	}
	f.log.Break()
}

// walk is one walk through the folder. Its lists are paths in it, with slashes.
type walk struct {
	Folder
	finishing bool
	files     int      // count
	private   []string // files that only their owner can read
	open      []string // world-writable paths
	refused   []string // paths whose mode cannot change
	git       []string // removed paths
	secrets   []secret
}

func (w *walk) run() error {
	return filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		name := filepath.ToSlash(strings.TrimPrefix(path, w.dir+"/"))
		if errors.Is(err, fs.ErrPermission) && path != w.dir {
			w.refused = append(w.refused, name) // another user's, and unreadable
			return nil
		}
		if err != nil || path == w.dir {
			return err // the root belongs to the platform
		}
		if entry.Name() == gitfolder.Name && w.finishing && !w.keepGit {
			w.git = append(w.git, name)
			if err := RemoveAll(path); err != nil || !entry.IsDir() {
				return err
			}
			return fs.SkipDir
		}
		if !entry.IsDir() && !entry.Type().IsRegular() {
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if !w.keepModes {
			if err := w.mode(path, name, info); err != nil {
				return err
			}
		}
		if w.finishing && info.Mode().IsRegular() {
			return w.look(path, name, info)
		}
		return nil
	})
}

// modeBits are the bits that chmod changes.
const modeBits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// asGit returns the mode that git sets: git only records whether the owner may
// execute a file.
func asGit(mode fs.FileMode) fs.FileMode {
	if mode.IsDir() || mode&0o100 != 0 {
		return 0o755
	}
	return 0o644
}

func (w *walk) mode(path, name string, info fs.FileInfo) error {
	mode := info.Mode()
	counts := info.Mode().IsRegular() && !within(name, nodemodules.Dir) && !within(name, gitfolder.Name)
	if counts {
		w.files++
	}
	want := asGit(mode)
	if mode&modeBits == want {
		return nil
	}
	err := os.Chmod(path, want)
	switch {
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTSUP):
		w.refused = append(w.refused, name) // another user's mount
		return nil
	case err != nil:
		return err
	}
	if counts && mode&0o077 == 0 {
		w.private = append(w.private, name)
	}
	if mode&0o002 != 0 && mode&fs.ModeSticky == 0 && !within(name, nodemodules.Dir) && !within(name, gitfolder.Name) {
		w.open = append(w.open, name)
	}
	return nil
}

// within reports whether a path has a folder of that name in it.
func within(path, folder string) bool {
	return strings.Contains("/"+path+"/", "/"+folder+"/")
}

// some lists up to five names for a message.
func some(names []string) string {
	const most = 5
	var all []string
	for _, name := range names[:min(len(names), most)] {
		all = append(all, plain(name))
	}
	if more := len(names) - most; more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, ", ")
}

// plain returns a name without terminal control characters.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, name)
}

// RemoveAll removes a file or a folder and its content, even if read-only.
func RemoveAll(path string) error {
	if os.RemoveAll(path) == nil {
		return nil
	}
	err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return err
	})
	return errors.Join(err, os.RemoveAll(path))
}
