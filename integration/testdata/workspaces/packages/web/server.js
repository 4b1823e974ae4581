'use strict'

const http = require('http')
const greet = require('@shop/greeter')

http.createServer((_, response) => response.end(greet('web'))).listen(3000)
