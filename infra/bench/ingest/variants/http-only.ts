import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { timingSafeEqual } from 'node:crypto'

// The upper bound: parses a webhook, compares its token and responds, without a database.

const app = createHttpServer({ log: createLogger('http-only', 'warn'), trustProxy: false })
const token = Buffer.from(process.env['WEBHOOK_TOKENS']!)

app.post<{ Params: { token: string }; Body: { order_id: string } }>(
  '/webhooks/godofpanel/:token',
  async (request, reply) => {
    const given = Buffer.from(request.params.token)
    if (given.length !== token.length || !timingSafeEqual(given, token)) return reply.code(401).send()
    return { results: [{ orderId: request.body.order_id, outcome: 'applied' }] }
  },
)

await listen(app, { host: '127.0.0.1', port: Number(process.env['PORT']) })
