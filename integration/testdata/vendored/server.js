'use strict'

const http = require('http')

http.createServer((_, response) => response.end(require('answer'))).listen(3000)
