// Package stack has the content of the build image and the run images: the
// names of their Debian packages and the few files that no package has. The
// program tools/stack makes the images from it.
package stack

import "embed"

// Files is this folder:
//
//	run.packages       one package a line, without dependencies
//	run-tiny.packages  the same for the run image without a shell
//	build.packages     one package a line, with dependencies; a line
//	                   "-name" excludes a dependency, "name [amd64]" is for the
//	                   image of that architecture only
//	rootfs/            files of all images, mode 0644, owned by root
//
// "#" starts a comment in the lists of packages.
//
//go:embed run.packages run-tiny.packages build.packages rootfs
var Files embed.FS
