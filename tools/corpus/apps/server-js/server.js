const http = require('node:http')

http.createServer((request, response) => response.end('Hello from server.js')).listen(process.env.PORT || 3000)
