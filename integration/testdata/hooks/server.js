'use strict'

// Closes after a request for /end, and, with a status of its own, when it is
// told to.
const http = require('http')

function close (why, status) {
  server.close(() => {
    console.log(`closed by ${why}`)
    process.exit(status)
  })
}

const server = http.createServer((request, response) => {
  response.setHeader('Connection', 'close')
  response.end('up')
  if (request.url === '/end') close('/end', 0)
})
server.listen(3000, () => console.log('listening'))

process.on('SIGTERM', () => close('SIGTERM', 7))
