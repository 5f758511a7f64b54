// Receives Paxyo's outgoing webhooks, and keeps the panel's own tables in PostgreSQL in sync: each refund is credited once.
// npm install fastify pg standardwebhooks
import Fastify from 'fastify'
import pg from 'pg'
import { Webhook } from 'standardwebhooks'

const webhook = new Webhook(process.env.PAXYO_WEBHOOK_SECRET)
const db = new pg.Pool({ connectionString: process.env.PANEL_DB })
// `before` locks the order and its user, so that a repeated webhook credits nothing, and one whose user has no row changes
// nothing; `refunded` is the total of the order, of which the previous system has credited `refundedElsewhere`. An order
// that was paid from the account that Paxyo keeps is refunded there.
const APPLY = `
  WITH before AS (
    SELECT orders.refunded FROM orders JOIN users ON users.id = $2 WHERE orders.id = $1 FOR UPDATE),
  credited AS (
    UPDATE users SET balance = balance + greatest(0, $4::numeric - greatest(before.refunded, $7::numeric))
    FROM before WHERE users.id = $2 AND $8::text = 'external')
  UPDATE orders SET refunded = greatest(orders.refunded, $4), paxyo_seq = greatest(paxyo_seq, $6),
    status = CASE WHEN $6 > paxyo_seq THEN $3 ELSE status END,
    remains = CASE WHEN $6 > paxyo_seq THEN $5 ELSE remains END
  FROM before WHERE orders.id = $1`

const app = Fastify()
// The signature is of the bytes.
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
app.post('/webhook', async (request, reply) => {
  let message
  try {
    message = webhook.verify(request.body, request.headers)
  } catch {
    return reply.code(401).send()
  }
  if (message.type === 'order.updated') {
    const { order, userId, seq } = message.data
    // The test order of `paxyo setup --check`.
    if (userId === 'paxyo-setup-check') return reply.code(204).send()
    const { rowCount } = await db.query(APPLY, [
      order.orderId,
      userId,
      order.status,
      order.refunded,
      order.remains,
      seq,
      order.refundedElsewhere,
      order.payment,
    ])
    // Paxyo retries after anything but 2xx.
    if (rowCount === 0) return reply.code(404).send()
  }
  return reply.code(204).send()
})
await app.listen({ port: Number(process.env.PORT) })
