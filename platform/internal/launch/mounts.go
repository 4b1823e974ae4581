//go:build linux

package launch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Mount is a mount in addition to the image's own files.
type Mount struct {
	Source   string // folder, file or socket of the host, absolute; empty for a tmpfs
	Target   string // absolute, inside
	ReadOnly bool

	file bool // Source is no folder
}

// ParseVolume parses HOST:PATH, HOST:PATH:ro or HOST:PATH:rw, as container
// engines do. HOST must exist: a folder that an engine creates belongs to root.
func ParseVolume(text string) (Mount, error) {
	refuse := func(cause string, err error) (Mount, error) {
		return Mount{}, unusable("--volume "+text+": "+cause, err, "give HOST:PATH, or HOST:PATH:ro: a folder or file of this machine, and the absolute path that the image sees it at.")
	}
	parts := strings.Split(text, ":")
	m := Mount{}
	switch {
	case len(parts) < 2 || len(parts) > 3:
		return refuse(fmt.Sprintf("it has %d parts between colons, want 2 or 3", len(parts)), nil)
	case len(parts) == 3 && parts[2] == "ro":
		m.ReadOnly = true
	case len(parts) == 3 && parts[2] != "rw":
		return refuse(fmt.Sprintf("it ends with %q, want ro or rw", parts[2]), nil)
	case parts[0] == "":
		return refuse("HOST is empty", nil)
	}
	source, err := filepath.Abs(parts[0])
	if err != nil {
		return refuse("HOST", err)
	}
	info, err := os.Stat(source)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refuse("there is no "+source+"; volumes with names are none of this machine's folders", nil)
	case err != nil:
		return refuse("HOST", err)
	case !info.IsDir() && !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSocket:
		return refuse(source+" is neither a folder nor a file nor a socket", nil)
	}
	m.Source, m.file = source, !info.IsDir()
	if m.Target, err = insidePath(parts[1]); err != nil {
		return refuse("PATH "+err.Error(), nil)
	}
	return m, nil
}

// ParseTmpfs parses the path of a tmpfs.
func ParseTmpfs(text string) (Mount, error) {
	to, err := insidePath(text)
	if err != nil {
		return Mount{}, unusable("--tmpfs "+text+": PATH "+err.Error(), nil, "give the absolute path that the image sees the folder at.")
	}
	return Mount{Target: to}, nil
}

// insidePath returns a valid mount target.
func insidePath(text string) (string, error) {
	clean := path.Clean(text)
	switch {
	case !path.IsAbs(text):
		return "", fmt.Errorf("is %q, want an absolute path", text)
	case clean == "/":
		return "", errors.New("is the whole image")
	}
	for _, own := range []string{"/proc", "/sys", "/dev"} {
		if within(own, clean) {
			return "", fmt.Errorf("is in %s, which is the sandbox's", own)
		}
	}
	return clean, nil
}

// within reports whether a clean path is a folder, or below it.
func within(folder, path string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func unusable(cause string, err error, remedy string) error {
	return &failure.Failure{ID: "mount-unusable", Cause: cause, Err: err, Remedy: remedy}
}

// CheckMounts refuses conflicting mounts, and those that a way does not support.
func CheckMounts(mounts []Mount, way sandbox.Way) error {
	for i, m := range mounts {
		for _, other := range mounts[:i] {
			if within(m.Target, other.Target) || within(other.Target, m.Target) {
				return unusable(fmt.Sprintf("--volume or --tmpfs: %s and %s are in one another", other.Target, m.Target), nil, "name paths that are apart.")
			}
		}
		if m.Source != "" && way == sandbox.Chroot {
			return &failure.Failure{
				ID: "no-mounts", Cause: "--volume " + m.Source + " cannot be had here: this system lets armature change the root folder and mount nothing",
				Remedy: "leave --volume out, or let --sandbox be another way; armature doctor says what stands in the way of it.",
			}
		}
	}
	return nil
}

// tmp is a separate folder of every running image.
const tmp = "/tmp"

// points returns the mounts' targets that the root must have: all but those in
// /tmp, which is not in the root.
func (o Options) points() (folders, files []string) {
	for _, m := range o.Mounts {
		switch {
		case within(tmp, m.Target):
		case m.file:
			files = append(files, m.Target)
		default:
			folders = append(folders, m.Target)
		}
	}
	slices.Sort(folders)
	slices.Sort(files)
	return folders, files
}

// pointsName returns a suffix that distinguishes roots with different points. It
// is empty without points.
func (o Options) pointsName() string {
	folders, files := o.points()
	if len(folders)+len(files) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(folders, "\x00") + "\x00\x00" + strings.Join(files, "\x00")))
	return "-" + hex.EncodeToString(sum[:8])
}

// mount adds the mounts to the sandbox, with /tmp unless that is among them.
func (o Options) mount(work *home.Work, spec *sandbox.Spec) error {
	if !slices.ContainsFunc(o.Mounts, func(m Mount) bool { return m.Target == tmp }) {
		spec.Binds = append(spec.Binds, sandbox.Bind{Source: work.Path("tmp"), Target: tmp, Writable: true})
	}
	for i, m := range o.Mounts {
		if m.Target != tmp && within(tmp, m.Target) {
			if err := makePoint(work.Path("tmp"), m); err != nil {
				return err
			}
		}
		switch {
		case m.Source != "":
			spec.Binds = append(spec.Binds, sandbox.Bind{Source: m.Source, Target: m.Target, Writable: !m.ReadOnly, Recursive: !m.file})
		case o.Way == sandbox.Chroot: // a temporary folder on disk
			folder, err := work.Folder(fmt.Sprint("tmpfs-", i), 0o777|os.ModeSticky)
			if err != nil {
				return err
			}
			spec.Binds = append(spec.Binds, sandbox.Bind{Source: folder, Target: m.Target, Writable: true})
		default:
			spec.Tmpfs = append(spec.Tmpfs, m.Target)
		}
	}
	return nil
}

// makePoint makes a mount's target in the folder for /tmp.
func makePoint(dir string, m Mount) error {
	at := filepath.Join(dir, strings.TrimPrefix(m.Target, tmp))
	if !m.file {
		return os.MkdirAll(at, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	return os.WriteFile(at, nil, 0o644)
}

// checkPoints refuses a target whose path has a symbolic link of the image: the
// mount could end up anywhere.
func (o Options) checkPoints(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	folders, files := o.points()
	for _, point := range append(folders, files...) {
		at := ""
		for name := range strings.SplitSeq(strings.TrimPrefix(point, "/"), "/") {
			at = path.Join(at, name)
			if to, err := root.Readlink(at); err == nil {
				return unusable(fmt.Sprintf("--volume or --tmpfs: /%s of the image is a link to %s", at, to), nil, "name the folder that the link leads to.")
			}
		}
	}
	return nil
}

// notMounted turns an error of a volume into a failure.
func (o Options) notMounted(err error) error {
	var step *sandbox.Error
	if !errors.As(err, &step) {
		return err
	}
	for _, m := range o.Mounts {
		if m.Source != "" && step.Kind == sandbox.Binding && step.Path == m.Source {
			return unusable("--volume "+m.Source+" cannot be mounted on "+m.Target, step.Cause, "see that you can read it, or name another folder.")
		}
	}
	return err
}
