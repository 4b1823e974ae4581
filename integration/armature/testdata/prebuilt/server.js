// Answers with what sharp, whose library is an optional package for each
// platform, and esbuild, whose program is one, have made.
const http = require('node:http')
const esbuild = require('esbuild')
const sharp = require('sharp')

async function answer () {
  const red = { width: 3, height: 2, channels: 3, background: 'red' }
  const image = await sharp({ create: red }).resize(6, 4).png().toBuffer()
  const { width, height, format } = await sharp(image).metadata()
  const transformed = await esbuild.transform('let a: number = 1', { loader: 'ts' })
  return { arch: process.arch, sharp: `${format} ${width}x${height}`, esbuild: transformed.code.trim() }
}

http.createServer((request, response) => {
  answer().then(made => response.end(JSON.stringify(made)), error => response.end(error.stack))
}).listen(process.env.PORT || 3000)
