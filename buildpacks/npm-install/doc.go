// Package npminstall is the buildpack that installs the dependencies of a Node.js
// project into layers, with the npm of node-engine or another buildpack.
//
// It detects a project whose folder has a package.json, provides node_modules,
// and requires node and npm for the build. For a project of another package
// manager it provides and requires that, too; one that it does not have is an
// error, unless BP_NODE_PACKAGE_MANAGER says npm; see appmanagers.go and dispatch.go.
//
// This package has everything specific to npm, as a Manager of package
// internal/modules; see manager.go. Packages below internal have the other
// managers and their programs. Package internal/modules makes the layers of modules,
// their links, build scripts and workspaces, for any manager. In addition to its
// layers there are
//
//   - npm-cache (cache): npm's cache of downloads.
//   - npm (build, cache): another npm than Node.js's own, if BP_NPM_VERSION or
//     package.json (packageManager, devEngines, engines) request one; and
//     npm-launch (launch), the same, if npm is called at launch.
//   - pnpm, yarn or bun (build, cache): that package manager, and with -launch
//     (launch) the same, if another buildpack requires it at launch; and its
//     downloads.
package npminstall
