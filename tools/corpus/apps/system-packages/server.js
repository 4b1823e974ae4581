const http = require('node:http')
const { execFileSync } = require('node:child_process')

http.createServer((request, response) => response.end(execFileSync('jq', ['-n', '-r', '"Hello from jq"'])))
  .listen(process.env.PORT || 3000)
