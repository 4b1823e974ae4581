const express = require('express')
const { greeting } = require('greeting')

const app = express()
app.get('/', (request, response) => response.send(greeting('npm')))
app.listen(process.env.PORT || 3000)
