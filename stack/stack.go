// Package stack holds what the build image and the run image consist of: the
// names of their Debian packages and the few files that no package brings.
// The program tools/stack makes the images from it.
package stack

import "embed"

// Files is this folder. In it are
//
//	run.packages     one package a line; nothing else goes into the run image
//	build.packages   one package a line, their dependencies go in too; a line
//	                 "-name" keeps a dependency out
//	rootfs/          files that both images get as they are, mode 0644, owned by root
//
// "#" starts a comment in the lists of packages.
//
//go:embed run.packages build.packages rootfs
var Files embed.FS
