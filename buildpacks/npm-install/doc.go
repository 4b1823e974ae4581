// Package npminstall is the buildpack that puts the dependencies of a Node.js
// project into layers, with the npm that node-engine (or anybody) provides.
//
// It takes part where the project's folder has a package.json, provides
// node_modules, and requires node and npm for the build. A project that is made
// with another package manager ends detection with an error, unless it has a
// lockfile of npm's, or BP_NODE_PACKAGE_MANAGER says npm; see appmanagers.go.
//
// What npm alone knows is here, as the Manager of package internal/modules; see
// manager.go. The layers of modules, their links, build scripts and workspaces
// are that package's, whichever manager installs. Beside these layers there are
//
//   - npm-cache (cache): npm's cache of downloads.
//   - npm (build, cache): another npm than Node.js comes with, where
//     BP_NPM_VERSION or package.json (packageManager, devEngines, engines) ask
//     for one; and npm-launch (launch), the same, where npm is called there.
package npminstall
