const http = require('node:http')
const { parseArgs } = require('node:util')

const { values } = parseArgs({ options: { greeting: { type: 'string' } } })
http.createServer((request, response) => response.end(values.greeting)).listen(process.env.PORT || 3000)
