import type { Pool } from 'pg'

/**
 * Fills an empty database with a consistent ledger: users with a deposit, orders that are completed, canceled or partial,
 * their refunds, deliveries and events. In SQL, so that a million orders take a minute.
 *
 * @param users each has as many orders as every other
 */
export async function generateLedger(owner: Pool, { orders, users }: { orders: number; users: number }): Promise<void> {
  const client = await owner.connect()
  try {
    await client.query(`SET work_mem = '256MB'; SET synchronous_commit = off`)
    for (const statement of STATEMENTS)
      await client.query(statement.replaceAll(':orders', `${orders}`).replaceAll(':users', `${users}`))
    await client.query('DROP TABLE generated; RESET work_mem; RESET synchronous_commit; ANALYZE')
  } finally {
    client.release()
  }
}

const STATEMENTS = [
  // Seq 1 is the deposit; an order's registration and its end follow each other.
  `CREATE UNLOGGED TABLE generated AS
   SELECT n, 'user-' || (n % :users) AS user_id, 'A-' || n AS order_id, (n / :users) * 2 + 2 AS seq, status, remains, refund,
     100 + sum(refund) OVER (PARTITION BY n % :users ORDER BY n) AS balance,
     date_trunc('milliseconds', now()) AS at
   FROM generate_series(0, :orders - 1) AS n, LATERAL (VALUES
     (0, 'canceled', NULL::int, 2.5), (1, 'partial', 300, 0.75), (2, 'completed', 0, 0), (3, 'completed', 0, 0)
   ) AS kind (kind, status, remains, refund)
   WHERE kind.kind = (n / :users) % 4`,
  `INSERT INTO accounts (user_id, currency, last_seq)
   SELECT user_id, 'USD', max(seq) + 1 FROM generated GROUP BY user_id`,
  `INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge, status, remains,
     refunded, created_at, updated_at)
   SELECT order_id, 'godofpanel', n::text, user_id, 'Instagram followers', 'https://instagram.com/somebody', 1000, 2.5,
     status, remains, refund, at, at
   FROM generated`,
  `INSERT INTO ledger_entries (entry_id, user_id, kind, amount, balance_after, created_at)
   SELECT gen_random_uuid(), user_id, 'deposit', 100, 100, min(at) FROM generated GROUP BY user_id`,
  `INSERT INTO ledger_entries (entry_id, user_id, kind, order_id, amount, balance_after, refunded_before, refunded_after,
     created_at)
   SELECT gen_random_uuid(), user_id, 'refund', order_id, refund, balance, 0, refund, at FROM generated WHERE refund > 0
   ORDER BY n`,
  `UPDATE accounts SET balance = last.balance
   FROM (SELECT user_id, max(balance) AS balance FROM generated GROUP BY user_id) AS last
   WHERE last.user_id = accounts.user_id`,
  `INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
   SELECT 'd-' || n, 'godofpanel', n::text, json_build_object('order_id', n, 'status', status)::text, 'applied', at
   FROM generated`,
  `INSERT INTO events (user_id, seq, at, payload)
   SELECT user_id, 1, min(at), json_build_object('type', 'event', 'seq', 1, 'event', 'account.updated', 'at', min(at),
     'account', json_build_object('balance', '100', 'currency', 'USD'))::text
   FROM generated GROUP BY user_id`,
  ...[0, 1].map(
    (step) => `
   INSERT INTO events (user_id, seq, at, payload)
   SELECT user_id, seq + ${step}, at, json_build_object('type', 'event', 'seq', seq + ${step},
     'event', '${step === 0 ? 'order.registered' : 'order.updated'}', 'at', at,
     'order', json_build_object('orderId', order_id, 'providerOrderId', n::text, 'service', 'Instagram followers',
       'link', 'https://instagram.com/somebody', 'quantity', 1000, 'charge', '2.5', 'currency', 'USD',
       'status', ${step === 0 ? `'pending'` : 'status'}, 'remains', remains, 'startCount', NULL,
       'refunded', refund::text, 'updatedAt', at),
     'account', json_build_object('balance', (balance - ${step === 0 ? 'refund' : '0'})::text, 'currency', 'USD'))::text
   FROM generated`,
  ),
]
