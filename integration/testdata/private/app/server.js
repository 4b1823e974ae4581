'use strict'

const http = require('http')
const greeting = require('@company/greeting')

http.createServer((_, response) => response.end(greeting)).listen(3000)
