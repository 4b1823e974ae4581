// Answers with what better-sqlite3 computed. Its install script asks for a
// prebuilt module, and compiles SQLite and the module where there is none.
const http = require('node:http')
const Database = require('better-sqlite3')

function answer () {
  const db = new Database(':memory:')
  db.exec('create table numbers (n integer); insert into numbers values (40), (2)')
  return { arch: process.arch, sum: db.prepare('select sum(n) from numbers').pluck().get() }
}

http.createServer((request, response) => response.end(JSON.stringify(answer()))).listen(process.env.PORT || 3000)
