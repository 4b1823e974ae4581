// Package npmstart is the buildpack that turns the start script of a
// package.json into the process web.
//
// It takes part where the project's package.json has a start script (or the
// one that BP_NPM_START_SCRIPT names), and requires node and node_modules at
// launch. It requires npm too, but at launch only when a script calls npm or
// npx: nothing else needs it in the app image.
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
// A start script that starts a development server, or what is a development
// dependency only, is warned of, as is one that has npm start a workspace.
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
//
// No file is written into the app. Where npm-install made modules for the
// build and for the launch, the app's node_modules is led to the latter, see
// [nodemodules.Relink].
package npmstart
