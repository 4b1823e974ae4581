// Package modules makes layers of node_modules, whichever package manager
// installs what is in them: which layers, what they are reused by, the links that
// lead to them, the scripts that build the app, the checks and the bill of
// materials. What only a manager knows it asks a [Manager].
//
// # Layers
//
//   - launch-modules (launch): the production dependencies, for the target.
//   - build-modules (build, cache): all dependencies, for the host, because
//     that is where later buildpacks run them.
//   - a layer of the manager's name (cache): its downloads, as one archive; a
//     folder where the app brought it.
//
// Which of the first two are made is what the other buildpacks of the group
// require of node_modules. Where a script builds the app, build-modules is made
// for that, too; when nobody else wants it, it is kept in the cache and hidden
// from later buildpacks.
//
// # Build scripts
//
// The script build of package.json runs where there is one, or the scripts that
// BP_NODE_RUN_SCRIPTS names, through the manager and with the NODE_ENV of the
// build. Meanwhile the project has the modules of build-modules, with those for
// development, as a folder of its own: bundlers refuse a link that leads out of
// the app. What scripts write into the project is part of the app. Of what they
// write into node_modules, .cache is kept in build-modules for the next build,
// and generated code goes into launch-modules, too.
//
// # Workspaces
//
// Where BP_NODE_PROJECT_PATH leads to a workspace of a package.json above it,
// the root's lockfile and configuration count, and only what the workspace needs
// is in the image: of the modules its own dependencies and those of workspaces
// that it depends on, and of the workspaces' folders these. Before its own
// build script runs, the scripts build of the workspaces run that it depends
// on, each after those that it depends on itself. See workspace.go.
//
// # The link in the app
//
// Node.js finds packages by walking up from the app's files, so the project's
// node_modules has to lead to a layer. It is a symbolic link straight into
// that layer, made during the build; nothing happens at launch, and a
// container starts on a read-only root file system without a writable tmp.
//
// A link has one target, and the build and the app image see the same link.
// So where both layers are made it first leads to build-modules, as the
// buildpacks that asked for them expect, and the last buildpack of the group
// leads it to launch-modules: npm-start says in its requirement that it will
// do so (see [nodemodules.Relink]). Where nobody says so, a small helper of
// the launch layer does it when the container starts, as far as the file
// system allows, and the log of the build says that.
//
// Links inside node_modules that lead out of it, to workspaces and file:
// dependencies, lead to the app's own folders. Their sources are part of the
// app, so they are current even when a layer is reused.
package modules
