const http = require('node:http')
const { PrismaLibSQL } = require('@prisma/adapter-libsql')
const { PrismaClient } = require('@prisma/client')

const prisma = new PrismaClient({ adapter: new PrismaLibSQL({ url: 'file:/tmp/greetings.db' }) })

async function main() {
  await prisma.$executeRawUnsafe('create table if not exists "Greeting" ("id" integer primary key autoincrement, "text" text not null)')
  await prisma.greeting.create({ data: { text: 'Hello from Prisma' } })
  http.createServer(async (request, response) => {
    const { text } = await prisma.greeting.findFirstOrThrow()
    response.end(text)
  }).listen(process.env.PORT || 3000)
}
main()
