// Answers with what bcrypt 5 computed. Its install script asks for a prebuilt
// module, and compiles it with node-gyp where there is none.
const http = require('node:http')
const bcrypt = require('bcrypt')

async function answer () {
  const hash = await bcrypt.hash('secret', 4)
  return { arch: process.arch, right: await bcrypt.compare('secret', hash), wrong: await bcrypt.compare('guess', hash) }
}

http.createServer((request, response) => {
  answer().then(made => response.end(JSON.stringify(made)), error => response.end(error.stack))
}).listen(process.env.PORT || 3000)
