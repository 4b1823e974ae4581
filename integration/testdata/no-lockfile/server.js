'use strict'

const http = require('http')
const ms = require('ms')

http.createServer((_, response) => response.end(`a minute is ${ms('1m')} ms`)).listen(3000)
