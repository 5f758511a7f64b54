import { createPool } from '@paxyo/database'
import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'

// The usual implementation, as a baseline: the same tables and the same effect, one transaction per webhook, one
// statement after the other. It handles only cancellation and progress, which makes it faster than in production.

const pool = createPool({ url: process.env['DATABASE_URL']!, role: 'ingest', name: 'naive', max: 20 })
const redis = new Redis(process.env['REDIS_URL']!)
const log = createLogger('naive', 'warn')
const app = createHttpServer({ log, trustProxy: false })

interface Body {
  readonly order_id: string
  readonly status: string
  readonly remains?: number
}

app.post<{ Body: Body }>('/webhooks/godofpanel/:token', async (request) => {
  const { order_id: id, status, remains = null } = request.body
  const client = await pool.connect()
  let payload = ''
  let userId = ''
  try {
    await client.query('BEGIN')
    await client.query(
      `INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
       VALUES ($1, 'godofpanel', $2, $3, 'applied', now())`,
      [randomUUID(), id, JSON.stringify(request.body)],
    )
    const { rows } = await client.query(`SELECT * FROM orders WHERE provider_order_id = $1 FOR UPDATE`, [id])
    const order = rows[0] as { order_id: string; user_id: string; charge: string; refunded: string }
    userId = order.user_id
    const isRefund = status === 'canceled' && order.refunded !== order.charge
    await client.query(
      `UPDATE orders SET status = $2, remains = $3, refunded = CASE WHEN $4 THEN charge ELSE refunded END,
       updated_at = now() WHERE order_id = $1`,
      [order.order_id, status, remains, isRefund],
    )
    const refund = isRefund ? order.charge : '0'
    if (isRefund) {
      await client.query(
        `INSERT INTO ledger_entries (entry_id, user_id, kind, amount, balance_after, order_id, refunded_before,
           refunded_after, created_at)
         SELECT $1, user_id, 'refund', $3, balance + $3, $4, 0, $3, now() FROM accounts WHERE user_id = $2
         FOR NO KEY UPDATE`,
        [randomUUID(), userId, refund, order.order_id],
      )
    }
    const { rows: accounts } = await client.query(
      `UPDATE accounts SET balance = balance + $2, last_seq = last_seq + 1 WHERE user_id = $1 RETURNING *`,
      [userId, refund],
    )
    const account = accounts[0] as { balance: string; last_seq: number }
    payload = JSON.stringify({
      type: 'event',
      seq: account.last_seq,
      event: 'order.updated',
      order: { ...order, status },
    })
    await client.query(`INSERT INTO events (user_id, seq, at, payload) VALUES ($1, $2, now(), $3)`, [
      userId,
      account.last_seq,
      payload,
    ])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
  await redis.publish(`plain-ws:${userId}`, payload)
  return { ok: true }
})

await listen(app, { host: '127.0.0.1', port: Number(process.env['PORT']) })
