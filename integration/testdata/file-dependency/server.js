'use strict'

const http = require('http')
const greet = require('greeter')

http.createServer((_, response) => response.end(greet('file'))).listen(3000)
