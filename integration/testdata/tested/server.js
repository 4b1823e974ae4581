const http = require('node:http')

http.createServer((request, response) => response.end('tested')).listen(process.env.PORT || 8080)
