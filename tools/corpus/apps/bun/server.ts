import { Hono } from 'hono'

const app = new Hono()
app.get('/', (c) => c.text(`Hello from Bun ${Bun.version}`))

export default { port: Number(process.env.PORT ?? 3000), fetch: app.fetch }
