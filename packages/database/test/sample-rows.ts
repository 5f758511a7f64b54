import type { Pool, QueryResult } from 'pg'

/** A row that its table takes, when those that it refers to are there. Times are of a day that has a partition. */
export const SAMPLE_ROWS = {
  accounts: { user_id: 'user-1', currency: 'USD', balance: '0', last_seq: 0 },
  orders: {
    order_id: 'A-1',
    provider: 'godofpanel',
    provider_order_id: '12345',
    user_id: 'user-1',
    service: 'Instagram followers',
    link: 'https://instagram.com/somebody',
    quantity: 1000,
    charge: '2.5',
    status: 'in_progress',
    refunded: '0',
  },
  deliveries: {
    delivery_id: 'delivery-1',
    provider: 'godofpanel',
    provider_order_id: '12345',
    body: '{}',
    outcome: 'parked',
    received_at: new Date(),
  },
  ledger_entries: {
    entry_id: '00000000-0000-7000-8000-000000000001',
    user_id: 'user-1',
    kind: 'refund',
    amount: '0.75',
    balance_after: '10',
    order_id: 'A-1',
    refunded_before: '0',
    refunded_after: '0.75',
    created_at: new Date(),
  },
  events: { user_id: 'user-1', seq: 1, at: new Date(), payload: '{}' },
  outbox: {
    batch_id: '00000000-0000-7000-8000-000000000002',
    user_ids: ['user-1'],
    seqs: [1],
    created_at: new Date(),
  },
  reviews: {
    review_id: '00000000-0000-7000-8000-000000000003',
    order_id: 'A-1',
    delivery_id: 'delivery-1',
    reason: 'remains_missing',
    opened_at: new Date(),
  },
  repeatable_delivery_ids: { delivery_id: 'msg_1:0:a', received_at: new Date() },
  verifications: {
    delivery_id: 'delivery-1',
    provider: 'godofpanel',
    provider_order_id: '12345',
    created_at: new Date(),
    due_at: new Date(),
  },
} as const

export type SampleTable = keyof typeof SAMPLE_ROWS

/** Inserts a table's sample row with some of its columns set otherwise. */
export function insertSample(
  pool: Pool,
  table: SampleTable,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<QueryResult> {
  const row = Object.entries({ ...SAMPLE_ROWS[table], ...changes })
  const columns = row.map(([column]) => column).join(', ')
  const places = row.map((_, index) => `$${index + 1}`).join(', ')
  return pool.query(
    `INSERT INTO ${table} (${columns}) VALUES (${places})`,
    row.map(([, value]) => value),
  )
}

/** One row in every table, in the order of their references. */
export async function insertAllSamples(pool: Pool): Promise<void> {
  for (const table of Object.keys(SAMPLE_ROWS) as SampleTable[]) await insertSample(pool, table)
}
