// Package startup decides what a Node.js project is: an app with processes, a
// static site, or nothing that can be started. It reads the project's files and
// settings, writes nothing, and needs no lockfile and no installed package.
//
// The order of the ways to start an app is that of [Decide]. What frameworks
// build, and what starts it, are facts in frameworks.toml; what the programs of
// scripts do is in programs.toml.
//
// The answer before the build and the answer after it are for the same way to
// start, but only the second one knows which files the build makes, see
// [Project.Built].
package startup
