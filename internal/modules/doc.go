// Package modules makes layers of node_modules for any package manager: it decides
// on layers and their reuse, links the app to them, runs the build scripts, checks
// native files and writes the bill of materials. Everything specific to a package
// manager is in a [Manager].
//
// # Layers
//
//   - launch-modules (launch): the production dependencies, for the target; all
//     of them in an image for tests or development, see package execenv.
//   - build-modules (build, cache): all dependencies, for the host, because
//     later buildpacks run them there.
//   - task-cache (cache): what Turborepo or Nx keep of a monorepo's builds, see
//     package taskrunner.
//   - a layer with the manager's name (cache): its downloads, as one archive,
//     or as a folder if the app brought it.
//
// The other buildpacks' requirements of node_modules decide which of the first two
// are made. A build script needs build-modules, too; if no other buildpack requires
// it, it is only cached, and hidden from later buildpacks.
//
// # Build scripts
//
// The scripts that BP_NODE_RUN_SCRIPTS names, or else the script build of
// package.json, run through the manager and with the NODE_ENV of the build. While
// they run, the project has the modules of build-modules, with devDependencies, as
// a real folder: bundlers refuse a link out of the app. Files that scripts write
// into the project are part of the app. In node_modules, .cache is kept in
// build-modules for the next build, and generated code is copied to launch-modules.
//
// # Workspaces
//
// If BP_NODE_PROJECT_PATH is a workspace of a package.json above it, the root's
// lockfile and configuration apply, and the image has only what the workspace
// needs: its own dependencies, and the folders and dependencies of the workspaces
// that it depends on. The build scripts of those workspaces run before its own, in
// dependency order. See workspace.go.
//
// If the manager makes a virtual store (node_modules/.store/NAME@VERSION), it moves
// into the layer as it is, with the node_modules of each workspace: links between
// these stay relative, and those to workspaces lead to the app's folders.
//
// # Install scripts of the project
//
// The project's own install scripts ([Words.FolderScripts]), and those of its
// workspaces, run before the build scripts and like these: once, with
// devDependencies, and what they write into node_modules is part of the image. A
// manager may run them in each install instead ([Words.InstallScripts]).
//
// # The link in the app
//
// Node.js finds packages by walking up from the app's files, so the project's
// node_modules is a symbolic link to a layer. It points directly to that layer and
// is made during the build; nothing happens at launch, and a container starts on a
// read-only root file system without a writable tmp.
//
// A link has one target, and the build and the app image see the same link. So if
// both layers are made, it first points to build-modules, as later buildpacks
// expect, and the last buildpack of the group points it to launch-modules:
// npm-start promises that in its requirement (see [nodemodules.Relink]). Without
// such a promise, a small helper in the launch layer does it when the container
// starts, if the file system is writable, and the build logs that.
//
// Links from node_modules to workspaces and file: dependencies point to the app's
// own folders. Their sources are part of the app, so they are current even if a
// layer is reused.
package modules
