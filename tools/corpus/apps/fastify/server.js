import Fastify from 'fastify'

const app = Fastify({ logger: true })
app.get('/', () => ({ hello: 'Fastify' }))
await app.listen({ host: '0.0.0.0', port: Number(process.env.PORT ?? 3000) })
