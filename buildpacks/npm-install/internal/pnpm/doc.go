// Package pnpm is pnpm, from 7 to 12, as a package manager of the engine in
// internal/modules.
//
// # Installing
//
// pnpm installs with scripts off, first for the build and then, into an empty
// folder, for the app image. For another target than the host it gets that platform
// by its flags --cpu, --os and --libc, or before 10.14 by a small module that tells
// it another process.arch. Install scripts of packages are run by
// internal/modules/installscripts, as far as pnpm's own rules allow them.
//
// # Layers
//
// pnpm's virtual store and its links are relative to each other, and go into a layer
// as they are, with the node_modules of every workspace. What has times or absolute
// paths in it, and pnpm's own notes, are removed from the app image.
//
// # What is never written
//
// package.json, pnpm-workspace.yaml, .npmrc, and a lockfile that is there.
package pnpm
