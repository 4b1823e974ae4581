// Package systempackages is the buildpack for Debian packages that an app needs
// besides Node.js: ffmpeg, ImageMagick, a browser, fonts.
//
// It detects what names packages: BP_APT_PACKAGES, or a file Aptfile in the app's
// folder. It provides and requires nothing.
//
// apt of the build image selects and downloads the packages of the target, whatever
// the host is, from the archive that the build image was made from, or those of
// BP_APT_SOURCES and of bindings of the type apt-sources. What the run image has
// counts as installed. Nothing of the target runs, and nobody is root:
//
//   - internal/apt calls apt.
//   - internal/deb and internal/rootfs unpack.
//   - internal/scripts does what maintainer scripts mean for a layer.
//   - internal/fit lets programs find their files in it.
//
// # Layers
//
//   - packages (launch): the packages' files as below a root, with variables by
//     which programs find libraries, fonts and data. Its key is the target and the
//     packages with their versions and checksums.
//   - apt (cache): the archive's signed indexes, for the next build.
package systempackages
