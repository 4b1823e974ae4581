'use strict'

const http = require('http')
const answer = require('answer')

http.createServer((_, response) => response.end(`compiled code says ${answer()}`)).listen(3000)
