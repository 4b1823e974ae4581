'use strict'

const express = require('express')

const app = express()
const port = process.env.PORT || 3000

app.get('/', (_request, response) => response.send('Hello World!'))

app.listen(port, () => console.log(`listening on port ${port}`))
