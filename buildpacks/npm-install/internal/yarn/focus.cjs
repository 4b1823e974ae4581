// A plugin for Yarn 2 to 4 with one command, `yarn armature install`. It does what
// `yarn workspaces focus` does, which Yarn 2 and 3 have in a plugin only, with these
// differences: it runs no scripts, it takes folders instead of names, the target
// replaces the project's supportedArchitectures, and a complete install is immutable.
//
// ARMATURE_YARN holds its arguments as JSON:
//   folders     workspaces to install, "." for the root; null for all
//   production  without devDependencies
//   cache       the folder of Yarn's cache; empty for the project's own
//   target      {os, cpu, libc}, each a list
//   lock        write a lockfile that has all checksums, and install nothing if this
//               Yarn knows how to
//   facts       the file to write Yarn's settings to, as JSON
module.exports = {
  name: 'plugin-armature',
  factory: require => {
    const {BaseCommand} = require('@yarnpkg/cli')
    const {Cache, Configuration, Project, StreamReport} = require('@yarnpkg/core')
    const {npath} = require('@yarnpkg/fslib')
    const fs = require('fs')

    class Install extends BaseCommand {
      async execute() {
        const wanted = JSON.parse(process.env.ARMATURE_YARN)
        const configuration = await Configuration.find(this.context.cwd, this.context.plugins)
        configuration.values.set('supportedArchitectures', new Map(Object.entries(wanted.target)))
        if (wanted.cache) {
          configuration.values.set('enableGlobalCache', true)
          configuration.values.set('cacheFolder', npath.toPortablePath(wanted.cache))
        }
        const {project} = await Project.find(configuration, this.context.cwd)
        const cache = await Cache.find(configuration)
        const complete = !wanted.lock && !wanted.folders && !wanted.production
        for (const workspace of project.workspaces) {
          const {manifest} = workspace
          if (wanted.folders && !wanted.folders.includes(npath.fromPortablePath(workspace.relativeCwd || '.'))) {
            manifest.installConfig = {...manifest.installConfig, selfReferences: false}
            for (const field of [manifest.dependencies, manifest.devDependencies, manifest.peerDependencies, manifest.scripts]) field.clear()
          } else if (wanted.production) {
            manifest.devDependencies.clear()
          }
        }
        const report = await StreamReport.start({configuration, stdout: this.context.stdout, includeLogs: true}, async report => {
          await project.install({cache, report, immutable: complete, persistProject: wanted.lock, mode: wanted.lock ? 'update-lockfile' : 'skip-build', skipBuild: true})
        })
        fs.writeFileSync(wanted.facts, JSON.stringify({
          enableScripts: configuration.get('enableScripts'),
          nodeLinker: configuration.values.has('nodeLinker') ? configuration.get('nodeLinker') : 'pnp',
        }))
        return report.exitCode()
      }
    }
    Install.paths = [['armature', 'install']]
    if (Install.addPath) Install.addPath('armature', 'install')
    return {commands: [Install]}
  },
}
