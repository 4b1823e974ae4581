// Package staticsite is the buildpack for apps whose build makes a folder of files
// and that have no server of their own: it makes an image with these files and a
// small server, and without Node.js.
//
// It detects what package startup calls a static site, or a project for which
// BP_STATIC_ROOT names the folder. With a package.json it requires node_modules for
// the build, whose provider runs the scripts that build. Without one it requires
// nothing.
//
// # Layers
//
//   - site (launch): the files, compressed forms of them, and an index, see
//     [github.com/armature-cnb/armature/buildpacks/static-site/internal/site].
//   - server (launch): bin/static-server for the target.
//   - variables (launch): those of the settings BPE_*, if any.
//   - compressed (cache): compressed forms by digest, for the next build.
//
// The site is a layer of its own, and the app's folder is empty afterwards: an
// image has what it serves, and neither sources nor secrets beside it. Its key is
// the content, so that the layer of the build before is reused without
// compressing anything.
//
// The process web starts the server, without a shell. The image gets the labels of
// BP_IMAGE_LABELS and BP_OCI_*.
package staticsite
