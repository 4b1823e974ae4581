import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import ms from 'ms'

const page: string = readFileSync(join(__dirname, '..', 'dist', 'index.html'), 'utf8')
const headers = { 'Content-Type': 'text/html', 'Cache-Control': `max-age=${ms('1m') / 1000}` }

createServer((_, response) => response.writeHead(200, headers).end(page)).listen(3000)
