// Runs the program that the package leaver has made, and answers with its
// output.
const http = require('node:http')
const { execFileSync } = require('node:child_process')

const made = require.resolve('leaver/made/echo')

http.createServer((request, response) => response.end(execFileSync(made, ['left by', process.arch]))).listen(process.env.PORT || 3000)
