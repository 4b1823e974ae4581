package scripts

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/rootfs"
)

// ignored are programs of maintainer scripts whose work an image does not need, or
// has done otherwise, and why. They succeed.
var ignored = map[string]string{
	"ldconfig":                  "LD_LIBRARY_PATH has the folders of libraries",
	"fc-cache":                  "fontconfig reads the fonts themselves",
	"mkfontdir":                 "for X servers",
	"mkfontscale":               "for X servers",
	"update-fonts-alias":        "for X servers",
	"update-fonts-dir":          "for X servers",
	"update-fonts-scale":        "for X servers",
	"update-mime":               "for mail programs",
	"update-mime-database":      "for desktops",
	"update-desktop-database":   "for desktops",
	"gtk-update-icon-cache":     "for desktops",
	"gtk-update-icon-cache-3.0": "for desktops",
	"update-icon-caches":        "for desktops",
	"gtk-query-immodules-3.0":   "for desktops",
	"gdk-pixbuf-query-loaders":  "a cache of further formats; GTK's usual ones are built in",
	"glib-compile-schemas":      "for settings of desktops",
	"gio-querymodules":          "a cache; GLib reads the modules themselves",
	"py3compile":                "a cache; Python compiles in memory",
	"pycompile":                 "a cache; Python compiles in memory",
	"install-info":              "documentation is left out",
	"update-info-dir":           "documentation is left out",
	"mandb":                     "documentation is left out",
	"dpkg-trigger":              "triggers are those of these programs",
	"dpkg-maintscript-helper":   "for files of older versions",
	"deb-systemd-helper":        "an image has no services",
	"deb-systemd-invoke":        "an image has no services",
	"systemctl":                 "an image has no services",
	"systemd-sysusers":          "an image has no services",
	"systemd-tmpfiles":          "an image has no services",
	"invoke-rc.d":               "an image has no services",
	"update-rc.d":               "an image has no services",
	"true":                      "",
}

// errMore is for a command that does more than this package can.
var errMore = errors.New("it does more than an image can take over")

// call does what a command of a script does, and returns its exit status and what
// it prints.
func (r *run) call(args []string, stdin io.Reader) (output string, status int, err error) {
	name, args := path.Base(args[0]), args[1:]
	if _, ok := ignored[name]; ok {
		return "", 0, nil
	}
	switch name {
	case "update-alternatives":
		status, err = r.alternatives.call(args)
		return "", status, err
	case "dpkg":
		return r.dpkg(args)
	case "dpkg-query", "dpkg-divert":
		if slices.Contains(args, "--add") || slices.Contains(args, "--rename") {
			return "", 0, errMore
		}
		return "", 1, nil // no such package, no such diversion
	case "which":
		return "", r.which(args), nil
	case dbGet:
		value, ok := r.questions[strings.Join(args, " ")]
		if !ok {
			return "", 10, nil // debconf-devel(7): no such question
		}
		return value, 0, nil
	case "basename", "dirname":
		if len(args) != 1 {
			return "", 0, errMore
		}
		return map[string]func(string) string{"basename": path.Base, "dirname": path.Dir}[name](args[0]), 0, nil
	case "find":
		return r.find(args)
	case "sort":
		return sorted(args, stdin)
	case "mkdir", "ln", "rm", "rmdir", "readlink":
		return r.change(name, args)
	}
	return "", 0, errMore
}

// dpkg answers questions about a package that is installed for the first time. An
// empty version is that of a package that was not there: earlier than any, or later
// with the operators that end with -nl (dpkg(1)).
func (r *run) dpkg(args []string) (output string, status int, err error) {
	switch {
	case len(args) == 1 && args[0] == "--print-architecture":
		return r.Arch, 0, nil
	case len(args) == 1 && strings.HasPrefix(args[0], "--assert-"), len(args) == 1 && args[0] == "--print-foreign-architectures":
		return "", 0, nil
	case len(args) == 4 && args[0] == "--compare-versions" && args[1] == "" && args[3] != "":
		holds, ok := map[string]bool{"lt": true, "le": true, "ne": true, "eq": false, "ge": false, "gt": false,
			"lt-nl": false, "le-nl": false, "ge-nl": true, "gt-nl": true, "<": true, "<=": true, "<<": true, ">>": false, ">=": false, "=": false}[args[2]]
		if !ok {
			return "", 0, errMore
		}
		if holds {
			return "", 0, nil
		}
		return "", 1, nil
	case len(args) > 0 && slices.Contains([]string{"-s", "--status", "-l", "--list", "-L", "--listfiles", "-S", "--search"}, args[0]):
		return "", 1, nil
	}
	return "", 0, errMore
}

func (r *run) which(names []string) int {
	for _, name := range names {
		if strings.HasPrefix(name, "-") {
			continue
		}
		found := false
		for _, dir := range []string{"usr/bin", "usr/sbin"} {
			if strings.HasPrefix(name, "/") {
				dir = ""
			}
			info, err := r.root.Stat(rootfs.Clean(path.Join(dir, name)))
			found = found || err == nil && info.Mode().IsRegular()
		}
		if !found {
			return 1
		}
	}
	return 0
}

// change makes folders and links in the layer, and removes files from it.
func (r *run) change(name string, args []string) (output string, status int, err error) {
	var options string
	var paths []string
	for _, arg := range args {
		switch {
		case strings.HasPrefix(arg, "--ignore-fail-on-non-empty"), arg == "--":
		case strings.HasPrefix(arg, "-"):
			options += strings.TrimLeft(arg, "-")
		case !strings.HasPrefix(arg, "/"):
			return "", 0, errMore
		default:
			paths = append(paths, arg)
		}
	}
	switch {
	case name == "ln" && strings.Trim(options, "sfnT") == "" && strings.Contains(options, "s") && len(paths) == 2:
		return "", 0, r.root.Symlink(rootfs.Clean(paths[1]), paths[0])
	case name == "readlink" && len(paths) == 1:
		if _, err := r.root.Stat(rootfs.Clean(paths[0])); err != nil {
			return "", 1, nil
		}
		return paths[0], 0, nil
	case name == "mkdir" && strings.Trim(options, "pv") == "":
		for _, one := range paths {
			if err := r.root.Mkdir(rootfs.Clean(one)); err != nil {
				return "", 0, fmt.Errorf("making %s: %w", one, err)
			}
		}
		return "", 0, nil
	case name == "rm" && strings.Trim(options, "fv") == "", name == "rmdir" && options == "":
		for _, one := range paths {
			if err := r.root.Remove(rootfs.Clean(one)); err != nil && !strings.Contains(options, "f") {
				status = 1
			}
		}
		return "", status, nil
	}
	return "", 0, errMore
}
