'use strict'

const http = require('http')
const sharp = require('sharp')

async function thumbnail () {
  const picture = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'teal' } }).png().toBuffer()
  const { data } = await sharp(picture).resize(16).webp().toBuffer({ resolveWithObject: true })
  const { width, height, format } = await sharp(data).metadata()
  return `${width}x${height} ${format}`
}

http.createServer(async (_, response) => response.end(await thumbnail().catch(String))).listen(3000)
