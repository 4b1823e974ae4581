// Answers with what native modules computed: compiled ones (bcrypt 5,
// better-sqlite3, bufferutil), one with a folder of prebuilt binaries (bcrypt
// 6), and one whose program is an optional package (esbuild).
const http = require('node:http')

async function hashes (bcrypt) {
  return bcrypt.compare('secret', await bcrypt.hash('secret', 4))
}

async function answer () {
  const Database = require('better-sqlite3')
  const masked = Buffer.from([1, 2, 3, 4])
  require('bufferutil').mask(masked, Buffer.from([1, 1, 1, 1]), masked, 0, masked.length)
  return {
    bcrypt: await hashes(require('bcrypt')),
    prebuilt: await hashes(require('prebuilt-bcrypt')),
    sqlite: new Database(':memory:').prepare('select 40 + 2').pluck().get(),
    esbuild: require('esbuild').transformSync('let a: number = 1', { loader: 'ts' }).code.trim(),
    bufferutil: masked.join(' ')
  }
}

http.createServer((request, response) => {
  answer().then(made => response.end(JSON.stringify(made)), error => response.end(error.stack))
}).listen(3000)
