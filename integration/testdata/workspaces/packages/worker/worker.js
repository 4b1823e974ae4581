'use strict'

console.log(require('escape-html')(`<${require('ms')(60000)}>`))
