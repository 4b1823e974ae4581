import Fastify from 'fastify'
import { greeting } from 'greeting'

const app = Fastify()
app.get('/', () => greeting('pnpm'))
await app.listen({ host: '0.0.0.0', port: Number(process.env.PORT ?? 3000) })
