import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Refund } from '@paxyo/ledger'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

interface Feed {
  readonly data: readonly Refund[]
  readonly cursor: string
  readonly hasMore: boolean
}

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

const ask = (query: string) => ingest.call('GET', `/v1/refunds?${query}`)
const read = async (after: string | undefined, limit: number): Promise<Feed> =>
  (await ask(`limit=${limit}${after === undefined ? '' : `&after=${after}`}`)).json<Feed>()

test('an empty feed gives a cursor, too, from which the first refund is read', async () => {
  const empty = await read(undefined, 10)
  expect(empty).toEqual({ data: [], cursor: expect.stringMatching(/^[0-9a-f]{32}\.0$/), hasMore: false })

  await ingest.register()
  await ingest.webhook({ order_id: '12345', status: 'partial', remains: 300 })
  const first = await read(empty.cursor, 10)
  expect(first).toEqual({
    data: [
      {
        refundId: expect.any(String),
        position: 1,
        orderId: 'A-1',
        provider: 'godofpanel',
        providerOrderId: '12345',
        userId: 'user-1',
        amount: '0.75',
        currency: 'USD',
        orderRefunded: '0.75',
        balanceAfter: '0.75',
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    ],
    cursor: empty.cursor.replace('.0', '.1'),
    hasMore: false,
  })
  expect(await read(first.cursor, 10)).toEqual({ data: [], cursor: first.cursor, hasMore: false })
})

describe('a cursor', () => {
  test.each(['', 'x', '1', '.1', `${'0'.repeat(32)}.`, `${'0'.repeat(32)}.-1`, `${'g'.repeat(32)}.1`, '%00'])(
    '%j is none',
    async (cursor) => {
      expect((await ask(`after=${cursor}`)).json()).toMatchObject({ status: 400, code: 'invalid_cursor' })
    },
  )

  test('of another history is void, and one that the database does not have is retried', async () => {
    expect((await ask(`after=${'0'.repeat(32)}.1`)).json()).toMatchObject({ status: 410, code: 'cursor_void' })
    const { cursor } = await read(undefined, 1)
    const ahead = await ask(`after=${cursor.replace(/\d+$/, '999999999999999')}`)
    expect(ahead.json()).toMatchObject({ status: 503, code: 'database_unavailable' })
    expect(ahead.headers['retry-after']).toBe('5')
  })
})

/** Uses the table of the reference in a panel's database, and its way to credit refunds. */
test('a panel that does as the reference says credits each refund once, however it reads', async () => {
  const reference = readFileSync(new URL('../../../../../infra/docs/reference/panel-api.md', import.meta.url), 'utf8')
  const { owner } = ingest.database
  await owner.query(
    'CREATE SCHEMA panel; CREATE TABLE panel.users (id text PRIMARY KEY, balance numeric(20, 8) NOT NULL)',
  )
  await owner.query(/^```sql\n([^]*?)^```$/m.exec(reference)![1]!.replace('credited_refunds', 'panel.credited_refunds'))
  const credit = async ({ refundId, userId, amount }: Refund): Promise<void> => {
    await owner.query(
      `WITH new AS (INSERT INTO panel.credited_refunds VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING user_id, amount)
       INSERT INTO panel.users SELECT * FROM new
       ON CONFLICT (id) DO UPDATE SET balance = users.balance + excluded.balance`,
      [refundId, userId, amount],
    )
  }

  let isOver = false
  /** Crashes at random before it stores its cursor. */
  const followAndCrash = async (): Promise<void> => {
    let cursor: string | undefined
    for (;;) {
      const isLast = isOver
      const { data, cursor: next, hasMore } = await read(cursor, randomInt(1, 20))
      for (const refund of data) await credit(refund)
      const crashes = randomInt(4) === 0 && !isLast
      if (!crashes) cursor = next
      if (isLast && !hasMore) return
    }
  }
  const followers = [followAndCrash(), followAndCrash()]
  for (let round = 0; round < 12; round += 1) {
    const orders = Array.from({ length: 5 }, (_, index) => `r${round}-${index}`)
    for (const [index, id] of orders.entries()) {
      await ingest.register({ orderId: id, providerOrderId: id, userId: `user-${index}` })
    }
    await Promise.all(
      orders.map((id) =>
        ingest.webhook([
          { order_id: id, status: 'partial', remains: randomInt(1, 1000) },
          { order_id: id, status: 'canceled' },
        ]),
      ),
    )
  }
  isOver = true
  await Promise.all(followers)

  const { rows } = await owner.query(
    `SELECT user_id, accounts.balance, users.balance AS credited
     FROM accounts FULL JOIN panel.users ON users.id = user_id WHERE users.balance IS DISTINCT FROM accounts.balance`,
  )
  expect(rows).toEqual([])
})
