package main

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/stack"
)

// dropped has paths of packages that no image needs: documentation, and files
// for an init system, a package manager or an installer. Licences
// (/usr/share/doc/*/copyright) stay, see [droppedBy].
var dropped = []string{
	"etc/apt",
	"etc/cron.*",
	"etc/init.d",
	"etc/logrotate.d",
	"etc/skel",
	"etc/systemd",
	"usr/games",
	"usr/lib/systemd",
	"usr/lib/sysusers.d",
	"usr/lib/tmpfiles.d",
	"usr/share/apport",
	"usr/share/applications",
	"usr/share/base-files",
	"usr/share/bash-completion",
	"usr/share/bug",
	"usr/share/debianutils",
	"usr/share/doc-base",
	"usr/share/gcc",
	"usr/share/gdb",
	"usr/share/info",
	"usr/share/initramfs-tools",
	"usr/share/lintian",
	"usr/share/locale",
	"usr/share/man",
	"usr/share/menu",
	"usr/share/pixmaps",
	"usr/share/zsh",
	"var/backups",
	"var/cache",
	"var/lib/apt",
	"var/lib/dpkg",
	"var/log",
	"var/mail",
}

// droppedBy returns a function that reports whether an image of kind k drops a
// path of the package.
func (d deb) droppedBy(k kind) func(string) bool {
	patterns := slices.Concat(dropped, k.drop)
	return func(name string) bool {
		if rest, ok := strings.CutPrefix(name, "usr/share/doc/"); ok {
			_, file, below := strings.Cut(rest, "/")
			return below && file != "copyright"
		}
		if len(d.only) > 0 && !slices.ContainsFunc(d.only, func(one string) bool { return one == name || strings.HasPrefix(one, name+"/") }) {
			return true
		}
		for at := name; at != "."; at = path.Dir(at) {
			for _, pattern := range patterns {
				if ok, _ := path.Match(pattern, at); ok {
					return true
				}
			}
		}
		return false
	}
}

// configure replaces the packages' maintainer scripts, as far as the images
// need them, without running programs of the target.
func configure(t tree, k kind, packages []deb, found []source) error {
	for _, dir := range []string{"opt", "srv", "usr/local/bin", "usr/local/lib", "usr/local/sbin", "usr/local/share"} {
		t.folder(dir, 0o755, 0, 0)
	}
	for _, dir := range []string{"dev", "proc", "sys", "run"} {
		t.folder(dir, 0o755, 0, 0)
	}
	for _, dir := range []string{"tmp", "var/tmp", "run/lock"} {
		t.folder(dir, 0o1777, 0, 0)
	}
	t.symlink("var/run", "/run")
	t.symlink("var/lock", "/run/lock")
	t.folder("home/cnb", 0o755, userID, groupID)

	if err := copyRootfs(t); err != nil {
		return err
	}
	if err := configureCertificates(t); err != nil {
		return err
	}
	for _, link := range slices.Sorted(maps.Keys(k.links)) {
		t.symlink(link, k.links[link])
	}
	if !k.isRun() {
		if err := configureSources(t, found); err != nil {
			return err
		}
	}
	// Scanners find packages here in images without dpkg.
	for _, p := range packages {
		t.file("var/lib/dpkg/status.d/"+p.name, 0o644, p.control)
	}
	return t.check()
}

func copyRootfs(t tree) error {
	return fs.WalkDir(stack.Files, "rootfs", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := stack.Files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("reading stack/%s: %w", name, err)
		}
		t.file(strings.TrimPrefix(name, "rootfs/"), 0o644, content)
		return nil
	})
}
