// Package nodeengine is the buildpack armature/node-engine: it installs
// Node.js.
//
// Detect always passes. It provides node, or node and npm, and requires node
// once for each of these that asks for a version. The first one decides:
//
//	BP_NODE_VERSION
//	package.json      engines.node, which the buildpack that installs packages requires
//	.nvmrc
//	.node-version
//	package.json      volta.node, then devEngines.runtime
//	mise.toml         or .mise.toml
//	.tool-versions
//
// An invalid request is an error if it would decide, else a warning. The files
// are in BP_NODE_PROJECT_PATH or, for a workspace without any of them, in the
// root of its workspaces.
//
// Build handles the entries node and npm of the buildpack plan. It writes
//
//	node             launch: the target's bin/node and LICENSE; npm only when
//	                 an npm entry asks for it at launch, BP_NODE_INCLUDE_NPM
//	                 says so, or a process of the Procfile calls it
//	node-build       build, and cache when it was downloaded: the host's Node.js
//	                 with npm and headers; where these lie unpacked in the
//	                 buildpack, links to them (link.go)
//	environment      launch: NODE_ENV of an image for tests or development
//	ca-certificates  build: the ca-certificates bindings, for Node.js,
//	                 npm, git and other readers of SSL_CERT_FILE
//
// The first two are the same for native and cross builds. The host is the
// platform that the build runs on, the target is that of the app image.
//
// Archives come from the buildpack's dependencies folder, nodejs.org or the npm
// registry: BP_NODE_SOURCE, BP_DEPENDENCY_MIRROR, BP_NPM_REGISTRY, and bindings
// of the types dependency-mirror, dependency-mapping and npmrc decide.
// docs/decisions/archive-sources.md has the reasons.
package nodeengine
