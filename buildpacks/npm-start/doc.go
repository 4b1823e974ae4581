// Package npmstart is the buildpack that makes what starts an app its processes:
// settings, a Procfile, a script of package.json, or what its framework or its
// files say, see package startup.
//
// It detects a project that something starts, and requires node and node_modules
// at launch. It requires npm too, but at launch only if a process calls npm, npx or
// a program that runs scripts through them, and bun if Bun is the app's package
// manager and a process calls it. If there is nothing to start, detection
// ends with 100 and a failure's text, whose id and remedy a platform can show; for a
// static site, which another buildpack serves, the text has no id.
//
// In an image for tests or development, the only process is test or development,
// see [startup.ForEnvironment].
//
// The build decides again, since only then the files exist that the build makes.
//
// # The process
//
// A script that is a plain command, with or without variables before it, becomes
// a direct process without a shell, so the run image needs none. The same holds
// for hooks. sh runs any other script; a run image without sh is an error, during
// the build if that is known and otherwise at launch. Both run under the
// supervisor (cmd/supervisor), a small static program that is the container's
// first process in place of a shell or npm: Node.js as process 1 would ignore
// SIGTERM. The container's arguments are appended to the script, each as one
// word.
//
// A start script that is known not to run in the app image fails the build
// (startcheck.go, BP_NODE_START_CHECK): the check follows the scripts (fate.go,
// wrapped.go) to programs that the launch modules do not have (launched.go). One
// that may not run, or should not, causes a warning.
//
// With BP_LAUNCH_WITH_TINI, tini replaces the supervisor. With
// BP_LIVE_RELOAD_ENABLED, watchexec runs the process and restarts it when the
// project changes, and the process no-reload runs without watchexec.
//
// With BP_HEALTH_CHECK_PATH, the process healthcheck asks the app for that path
// (cmd/healthcheck), for platforms that check a container with a command.
//
// A workspace starts in its own folder, with the commands of its modules and of
// its root's on the PATH.
//
// # Layers
//
//   - supervisor (launch): bin/supervisor for the target.
//   - healthcheck (launch): bin/healthcheck for the target, with BP_HEALTH_CHECK_PATH.
//   - environment (launch): npm_package_* and the PATH, as npm sets them for a
//     script.
//   - variables (launch): those of the settings BPE_*, if any.
//
// The image gets the labels of BP_IMAGE_LABELS and BP_OCI_*.
//
// It writes no file into the app, except links beside a framework's server to the
// files that this serves (beside.go). If npm-install made modules for the build and
// for the launch, it points the app's node_modules to the latter, see
// [nodemodules.Relink].
package npmstart
