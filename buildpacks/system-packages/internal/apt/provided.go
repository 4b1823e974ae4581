package apt

// provided are packages that others ask for only so that their maintainer scripts,
// an init system or a desktop can use them. They count as installed.
var provided = map[string]string{
	"adduser":                 scripts,
	"base-passwd":             scripts,
	"debconf":                 scripts,
	"dpkg":                    scripts,
	"init-system-helpers":     scripts,
	"install-info":            scripts,
	"login":                   scripts,
	"passwd":                  scripts,
	"sensible-utils":          scripts,
	"ucf":                     scripts,
	"dbus":                    services,
	"dbus-bin":                services,
	"dbus-daemon":             services,
	"dbus-session-bus-common": services,
	"dbus-system-bus-common":  services,
	"dbus-user-session":       services,
	"dbus-x11":                services,
	"libpam-modules":          services,
	"libpam-runtime":          services,
	"libpam-systemd":          services,
	"lsb-base":                services,
	"systemd":                 services,
	"systemd-sysv":            services,
	"sysvinit-utils":          services,
	"adwaita-icon-theme":      desktop,
	"at-spi2-core":            desktop,
	"dconf-gsettings-backend": desktop,
	"dconf-service":           desktop,
	"xdg-utils":               desktop,
	"polkitd":                 services,
}

// Why a package is in the table.
const (
	scripts  = "it is for the installation of packages, and nothing is installed at launch"
	services = "it is for services that an init process starts, and an image has none"
	desktop  = "it is for a desktop"
)
