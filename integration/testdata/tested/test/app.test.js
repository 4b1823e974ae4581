const assert = require('node:assert')
const fs = require('node:fs')
const test = require('node:test')
const odd = require('is-odd') // a devDependency

test('says where it runs', () => {
  assert.ok(odd(3))
  console.log(`on ${process.arch} for ${process.env.NODE_ENV}, ${process.env.GREETING}`)
})

test('may write', () => {
  fs.writeFileSync('written', 'x')
  fs.mkdirSync('node_modules/.cache/tests', { recursive: true })
})

test('fails when it is asked to', () => assert.strictEqual(process.env.FAIL, undefined))
