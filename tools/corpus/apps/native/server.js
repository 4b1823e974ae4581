const http = require('node:http')
const Database = require('better-sqlite3')

const db = new Database(':memory:')
http.createServer((request, response) => {
  const { version } = db.prepare('select sqlite_version() as version').get()
  response.end(`Hello from SQLite ${version}`)
}).listen(process.env.PORT || 3000)
