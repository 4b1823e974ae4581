// Prints the facts of two public tables of frameworks as JSON. It runs in a folder
// in which both packages are installed.
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(path.join(process.cwd(), 'here.js'))
const versionOf = (name) => JSON.parse(require('node:fs').readFileSync(path.join('node_modules', name, 'package.json'))).version
const facts = []
const add = (table, name, packages, output) => {
  if (packages?.length > 0) facts.push({ table, name, packages, output: output ?? '' })
}

const vercel = require('@vercel/frameworks')
for (const f of vercel.default ?? vercel.frameworks) {
  const conditions = [...(f.detectors?.every ?? []), ...(f.detectors?.some ?? [])]
  add('@vercel/frameworks', f.slug, conditions.map((c) => c.matchPackage).filter(Boolean), f.settings?.outputDirectory?.value)
}

const index = path.resolve('node_modules/@netlify/build-info/lib/frameworks/index.js')
const { frameworks } = await import(pathToFileURL(index))
for (const Framework of frameworks) {
  const f = new Framework({ fs: {}, baseDirectory: '' })
  add('@netlify/build-info', f.id, f.npmDependencies, f.build.directory)
}

const versions = Object.fromEntries(['@vercel/frameworks', '@netlify/build-info'].map((name) => [name, versionOf(name)]))
console.log(JSON.stringify({ versions, facts }, null, 1))
