import { createPool } from '@paxyo/database'
import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import pg from 'pg'

// One round trip for each webhook: the whole transaction is a function in the database. It has the same tables and the
// same effect as one-transaction.ts, and also handles only cancellation and progress.

const APPLY_WEBHOOK = `
  CREATE OR REPLACE FUNCTION bench_apply_webhook(
    new_delivery uuid, new_entry uuid, new_body text, id text, new_status text, new_remains bigint,
    OUT to_user text, OUT sent text) LANGUAGE plpgsql SECURITY DEFINER AS $$
  DECLARE
    the_order orders;
    the_account accounts;
    paid numeric := 0;
  BEGIN
    INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
    VALUES (new_delivery::text, 'godofpanel', id, new_body, 'applied', now());
    SELECT * INTO STRICT the_order FROM orders WHERE provider = 'godofpanel' AND provider_order_id = id FOR UPDATE;
    IF new_status = 'canceled' THEN paid := the_order.charge - the_order.refunded; END IF;
    UPDATE orders SET status = new_status, remains = new_remains, refunded = refunded + paid, updated_at = now()
    WHERE order_id = the_order.order_id;
    SELECT * INTO STRICT the_account FROM accounts WHERE user_id = the_order.user_id FOR NO KEY UPDATE;
    IF paid > 0 THEN
      INSERT INTO ledger_entries (entry_id, user_id, kind, amount, balance_after, order_id, refunded_before,
        refunded_after, created_at)
      VALUES (new_entry, the_order.user_id, 'refund', paid, the_account.balance + paid, the_order.order_id,
        the_order.refunded, the_order.refunded + paid, now());
    END IF;
    UPDATE accounts SET balance = balance + paid, last_seq = last_seq + 1 WHERE user_id = the_order.user_id
    RETURNING * INTO the_account;
    to_user := the_order.user_id;
    sent := json_build_object('type', 'event', 'seq', the_account.last_seq, 'event', 'order.updated',
      'order', json_build_object('orderId', the_order.order_id, 'service', the_order.service, 'link', the_order.link,
        'quantity', the_order.quantity, 'charge', the_order.charge, 'status', new_status, 'remains', new_remains,
        'refunded', the_order.refunded + paid), 'account', json_build_object('balance', the_account.balance));
    INSERT INTO events (user_id, seq, at, payload) VALUES (to_user, the_account.last_seq, now(), sent);
  END $$`

const owner = new pg.Client({ connectionString: process.env['DATABASE_URL']! })
await owner.connect()
await owner.query(APPLY_WEBHOOK)
await owner.end()

const pool = createPool({ url: process.env['DATABASE_URL']!, role: 'ingest', name: 'plpgsql', max: 20 })
const redis = new Redis(process.env['REDIS_URL']!)
const app = createHttpServer({ log: createLogger('plpgsql', 'warn'), trustProxy: false })

interface Body {
  readonly order_id: string
  readonly status: string
  readonly remains?: number
}

app.post<{ Body: Body }>('/webhooks/godofpanel/:token', async (request) => {
  const { order_id: id, status, remains = null } = request.body
  const { rows } = await pool.query<{ to_user: string; sent: string }>({
    name: 'apply_webhook',
    text: 'SELECT * FROM bench_apply_webhook($1, $2, $3, $4, $5, $6)',
    values: [randomUUID(), randomUUID(), JSON.stringify(request.body), id, status, remains],
  })
  await redis.publish(`user:${rows[0]!.to_user}`, rows[0]!.sent)
  return { ok: true }
})

await listen(app, { host: '127.0.0.1', port: Number(process.env['PORT']) })
