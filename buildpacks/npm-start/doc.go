// Package npmstart is the buildpack that turns the start script of a
// package.json into the process web.
//
// It takes part where the project's package.json has a start script (or the
// one that BP_NPM_START_SCRIPT names), and requires node and node_modules at
// launch. It requires npm too, but at launch only when a script calls npm, npx
// or what runs scripts through them: nothing else needs it in the app image.
// Where there is nothing to start, detection ends with 100 and a failure's text,
// whose id and remedy a platform can show.
//
// # The process
//
// A script that is a plain command, with variables before it or without,
// becomes a direct process: no shell takes part, and the run image needs none.
// The same goes for hooks. Any other script is run by sh; that the run image
// has none is an error, during the build where it is known and otherwise at
// launch. Both run under the supervisor (cmd/supervisor), a small static
// program that is the container's first process in place of a shell or npm:
// Node.js as process 1 would ignore SIGTERM. What is given to the container as
// arguments is added to the script's end, each as one word.
//
// A start script that is known not to run in the app image ends the build
// (startcheck.go, BP_NODE_START_CHECK): the scripts are followed (fate.go,
// wrapped.go) to programs that the modules of the launch do not have
// (launched.go). One that may not run, or should not, is warned of.
//
// With BP_LAUNCH_WITH_TINI tini takes the supervisor's place. With
// BP_LIVE_RELOAD_ENABLED watchexec runs the process and restarts it when the
// project changes, and the process no-reload is without it.
//
// A project that is a workspace starts in its own folder, with the commands of
// its modules and of its root's on the PATH.
//
// # Layers
//
//   - supervisor (launch): bin/supervisor for the target.
//   - environment (launch): npm_package_* and the PATH, as npm sets them for a
//     script.
//   - variables (launch): those of the settings BPE_*, where there are any.
//
// The image gets the labels that BP_IMAGE_LABELS and BP_OCI_* name.
//
// No file is written into the app. Where npm-install made modules for the
// build and for the launch, the app's node_modules is led to the latter, see
// [nodemodules.Relink].
package npmstart
