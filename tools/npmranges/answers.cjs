// Asks node-semver, whose folder is the first argument, which versions each
// range has. Reads {"versions": [...], "ranges": [...]} and prints
// {"semver": its version, "answers": [...]}: a row of 0 and 1 for the versions,
// or null for a range that it refuses.
const semver = require(process.argv[2])
const { version } = require(process.argv[2] + '/package.json')
const { versions, ranges } = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const answers = ranges.map(range => semver.validRange(range) === null
  ? null
  : versions.map(v => semver.satisfies(v, range) ? 1 : 0).join(''))
console.log(JSON.stringify({ semver: version, answers }))
