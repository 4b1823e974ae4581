// Package contract_test checks that the packaged buildpacks do what users of
// Node.js buildpacks rely on: plans, exit statuses, layers and their flags,
// variables, processes. The programs run as in a build, under the lifecycle's
// own code, but without an engine: detection, plan resolution, the build, the
// restore for the next one, and the environment at launch.
//
// docs/contract.md maps each row to its tests.
//
// ARMATURE_PACKAGES names the folder of the packaged buildpacks, with archives
// of Node.js inside; `make unit` makes it and sets that.
package contract_test
