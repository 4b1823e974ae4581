'use strict'

const ms = require('ms')

module.exports = who => `Hello ${who}, again in ${ms(60000)}`
