// Package yarn is Yarn 1 to 4 as a [modules.Manager].
//
// Yarn installs with scripts off. Then package installscripts runs those that Yarn's
// own rules allow. Each layer is a separate install: Yarn 1 with --production for
// the launch, Yarn 2 and later with a small plugin that does what `yarn workspaces
// focus` does, see focus.cjs.
//
// Yarn gets a temporary HOME with the configuration of the service bindings and
// with the target; it never writes into the app's or the user's files.
package yarn
