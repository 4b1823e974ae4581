package rootfs

import (
	"path"
	"strings"
)

// dropped are paths that an app does not use: documentation, translations of
// programs, and files for an init system, a package manager or a desktop.
var dropped = []string{
	"etc/cron.*",
	"etc/init.d",
	"etc/logrotate.d",
	"etc/pam.d",
	"etc/rc?.d",
	"etc/systemd",
	"etc/X11/Xsession.d",
	"usr/lib/systemd",
	"usr/lib/sysusers.d",
	"usr/lib/tmpfiles.d",
	"usr/lib/udev",
	"usr/share/applications",
	"usr/share/apport",
	"usr/share/bash-completion",
	"usr/share/bug",
	"usr/share/doc-base",
	"usr/share/gtk-doc",
	"usr/share/info",
	"usr/share/initramfs-tools",
	"usr/share/lintian",
	"usr/share/locale",
	"usr/share/man",
	"usr/share/menu",
	"usr/share/zsh",
	"var/cache",
	"var/lib/dpkg",
	"var/log",
}

// Dropped reports whether a layer has no use for a path. Licences
// (/usr/share/doc/*/copyright) stay.
func Dropped(name string) bool {
	if rest, ok := strings.CutPrefix(name, "usr/share/doc/"); ok {
		_, file, below := strings.Cut(rest, "/")
		return below && file != "copyright"
	}
	for at := name; at != "."; at = path.Dir(at) {
		for _, pattern := range dropped {
			if ok, _ := path.Match(pattern, at); ok {
				return true
			}
		}
	}
	return false
}
