'use strict'

// Prints its arguments, answers, and ends by itself, with a status of its own
// for each signal.
const http = require('http')

const statuses = { SIGTERM: 7, SIGINT: 8, SIGHUP: 9 }

console.log(JSON.stringify(process.argv.slice(2)))
const server = http.createServer((_, response) => response.end('up')).listen(3000)

for (const [signal, status] of Object.entries(statuses)) {
  process.on(signal, () => server.close(() => process.exit(status)))
}
