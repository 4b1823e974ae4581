import express, { type Request, type Response } from 'express'

const app = express()
app.get('/', (_request: Request, response: Response) => { response.send('Hello from TypeScript') })
app.listen(Number(process.env.PORT ?? 3000))
