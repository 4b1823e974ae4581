// Package stack holds what the build image and the run images consist of: the
// names of their Debian packages and the few files that no package brings.
// The program tools/stack makes the images from it.
package stack

import "embed"

// Files is this folder. In it are
//
//	run.packages       one package a line; nothing else goes into the run image
//	run-tiny.packages  the same for the run image without a shell
//	build.packages     one package a line, their dependencies go in too; a line
//	                   "-name" keeps a dependency out, "name [amd64]" is for the
//	                   image of that architecture only
//	rootfs/            files that all images get as they are, mode 0644, owned by root
//
// "#" starts a comment in the lists of packages.
//
//go:embed run.packages run-tiny.packages build.packages rootfs
var Files embed.FS
