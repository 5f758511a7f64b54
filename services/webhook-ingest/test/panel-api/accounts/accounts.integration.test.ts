import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { importAccounts } from '@paxyo/ledger'
import { newId } from '@paxyo/ledger'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

let users = 0
const freshUser = (): string => `user-${(users += 1)}`
const open = (userId: string, currency = 'USD') => ingest.call('POST', '/v1/accounts', { userId, currency })
const deposit = (userId: string, amount: string, key: string = randomUUID(), currency = 'USD') =>
  ingest.call('POST', `/v1/accounts/${userId}/deposits`, { amount, currency }, { 'idempotency-key': key })
const ledger = async (userId: string, query = '') =>
  (await ingest.call('GET', `/v1/accounts/${userId}/ledger${query}`)).json()

/** The balance according to the ledger. */
async function sumOfLedger(userId: string): Promise<{ sum: string; balance: string; last: string | null }> {
  const { rows } = await ingest.database.owner.query(
    `SELECT balance::text, coalesce(sum(CASE kind WHEN 'charge' THEN -amount ELSE amount END), 0)::numeric(20,8)::text AS sum,
            (SELECT balance_after::text FROM ledger_entries WHERE user_id = $1 ORDER BY position DESC LIMIT 1) AS last
     FROM accounts LEFT JOIN ledger_entries USING (user_id) WHERE user_id = $1 GROUP BY balance`,
    [userId],
  )
  return rows[0]
}

describe('an account', () => {
  test('is opened once, empty, in one currency', async () => {
    const userId = freshUser()
    const [first, again, other] = [await open(userId), await open(userId), await open(userId, 'EUR')]

    expect([first.statusCode, again.statusCode]).toEqual([201, 200])
    expect(first.json()).toEqual({
      account: { userId, currency: 'USD', balance: '0', mode: 'external' },
      seq: 0,
      epoch: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    expect(again.json()).toEqual(first.json())
    expect(other.json()).toMatchObject({ status: 409, code: 'currency_mismatch' })
    expect((await ingest.call('GET', `/v1/accounts/${userId}`)).json()).toEqual(first.json())
  })

  test('has the mode of the installation, also when an order or an import opens it, and older ones keep theirs', async () => {
    const before = freshUser()
    await open(before)
    await using installation = await startIngest(undefined, { database: ingest.database, accountMode: 'kept' })
    const modeOf = async (userId: string): Promise<string> =>
      (await installation.call('GET', `/v1/accounts/${userId}`)).json<{ account: { mode: string } }>().account.mode
    const [opened, ordered, imported] = [freshUser(), freshUser(), freshUser()]
    await installation.call('POST', '/v1/accounts', { userId: opened, currency: 'USD' })
    await installation.register({ orderId: ordered, providerOrderId: ordered, userId: ordered })
    const balance = { userId: imported, currency: 'USD', balance: 0n }
    await importAccounts({ pool: ingest.database.poolAs('ingest'), newId }, [balance])

    expect(await Promise.all([before, opened, ordered, imported].map(modeOf))).toEqual([
      'external',
      'kept',
      'kept',
      'kept',
    ])
  })

  test('opened many times at once is one account', async () => {
    const userId = freshUser()
    const responses = await Promise.all(Array.from({ length: 9 }, () => open(userId)))

    expect(responses.filter(({ statusCode }) => statusCode === 201)).toHaveLength(1)
    expect(responses.filter(({ statusCode }) => statusCode === 200)).toHaveLength(8)
  })

  test('that does not exist is not found', async () => {
    for (const response of [
      await ingest.call('GET', '/v1/accounts/unknown'),
      await ingest.call('GET', '/v1/accounts/unknown/ledger'),
      await deposit('unknown', '1'),
    ]) {
      expect(response.json()).toMatchObject({ status: 404, code: 'account_not_found' })
    }
  })

  test.each(['ünïcödé', 'with space', 'a/b?c#d', '😀'.repeat(64), 'x'.repeat(128)])(
    'may belong to %s',
    async (userId) => {
      expect((await open(userId)).statusCode).toBe(201)
      const path = `/v1/accounts/${encodeURIComponent(userId)}`
      expect((await ingest.call('GET', path)).json()).toMatchObject({ account: { userId } })
    },
  )
})

describe('a deposit', () => {
  test('adds to the balance and is sent to the user', async () => {
    const userId = freshUser()
    await open(userId)
    const events = await ingest.follow(userId)
    const response = await deposit(userId, '10.50')

    expect(response.statusCode).toBe(201)
    expect(response.json()).toEqual({
      deposit: {
        entryId: expect.any(String),
        kind: 'deposit',
        amount: '10.5',
        balanceAfter: '10.5',
        orderId: null,
        paymentRef: expect.any(String),
        createdAt: expect.any(String),
      },
      account: { userId, currency: 'USD', balance: '10.5', mode: 'kept' },
      seq: 1,
      epoch: expect.any(String),
    })
    await eventually(() => events.length === 1)
    expect(events).toEqual([
      {
        type: 'event',
        seq: 1,
        event: 'account.updated',
        at: response.json().deposit.createdAt,
        account: { balance: '10.5', currency: 'USD', mode: 'kept' },
        totals: { refunded: '0', orders: {} },
      },
    ])
  })

  test.each(['0', '0.00', '-1', '1e3', '1.123456789', '', '1234567890123', 'NaN', 7])(
    'of %p is refused',
    async (amount) => {
      const userId = freshUser()
      await open(userId)
      const response = await deposit(userId, amount as string)

      expect(response.json()).toMatchObject({ status: 400, code: 'validation_failed' })
      expect(response.json().detail).toContain('amount')
    },
  )

  test('in another currency is refused, and so is more than can be written down', async () => {
    const userId = freshUser()
    await open(userId)
    expect((await deposit(userId, '1', randomUUID(), 'EUR')).json()).toMatchObject({ code: 'currency_mismatch' })
    expect((await deposit(userId, '999999999999.99999999')).statusCode).toBe(201)
    expect((await deposit(userId, '0.00000001')).json()).toMatchObject({ status: 409, code: 'balance_limit_exceeded' })
  })
})

test('a balance that is taken over and does not fit fails no other', async () => {
  const [rich, poor] = [freshUser(), freshUser()]
  await open(rich)
  await deposit(rich, '999999999999.99999999')
  const accounts = [rich, poor].map((userId) => ({ userId, currency: 'USD', balance: 1n }))
  const results = await importAccounts({ pool: ingest.database.poolAs('ingest', 1), newId }, accounts)

  expect(results).toEqual(['balance_limit_exceeded', 'imported'])
})

describe('the ledger', () => {
  test('lists every entry, the newest first, page by page, while more are made', async () => {
    const userId = freshUser()
    await open(userId)
    for (let amount = 1; amount <= 7; amount += 1) await deposit(userId, String(amount))
    const first = await ledger(userId, '?limit=3')
    await deposit(userId, '100')
    const second = await ledger(userId, `?limit=3&cursor=${first.nextCursor}`)
    const third = await ledger(userId, `?limit=3&cursor=${second.nextCursor}`)

    const amounts = [first, second, third].map((page) => page.data.map((entry: { amount: string }) => entry.amount))
    expect(amounts).toEqual([['7', '6', '5'], ['4', '3', '2'], ['1']])
    expect(third.nextCursor).toBeNull()
    expect(first.data[0].balanceAfter).toBe('28')
  })

  test('is the balance, whatever happens at once', async () => {
    const userId = freshUser()
    await open(userId)
    await deposit(userId, '20')
    const order = (index: number) => ({ orderId: `${userId}-${index}`, providerOrderId: `${userId}-${index}`, userId })
    await Promise.all([
      ...Array.from({ length: 10 }, () => deposit(userId, '0.1')),
      ...Array.from({ length: 12 }, (_, index) => ingest.register({ ...order(index), payment: 'account' })),
      ...Array.from({ length: 12 }, (_, index) =>
        ingest.webhook({ order_id: `${userId}-${index}`, status: 'canceled' }),
      ),
    ])
    const { sum, balance, last } = await sumOfLedger(userId)

    expect({ sum, last }).toEqual({ sum: balance, last: balance })
  })

  test.each(['x', 'W10', 'e30', Buffer.from('[-1]').toString('base64url'), 'a'.repeat(513)])(
    'does not take %s for a cursor',
    async (cursor) => {
      const userId = freshUser()
      await open(userId)
      const { code } = await ledger(userId, `?cursor=${cursor}`)
      expect(['invalid_cursor', 'validation_failed']).toContain(code)
    },
  )

  test.each(['0', '101', '-1', 'many', '1.5'])('has no pages of %s', async (limit) => {
    expect(await ledger('unknown', `?limit=${limit}`)).toMatchObject({ code: 'validation_failed' })
  })
})
