import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createTestDatabase, eventually, type TestDatabase, ledgerViolations } from '@paxyo/testkit'
import type { StatusUpdate } from '@paxyo/order-core'
import type { Pool, PoolClient } from 'pg'
import { pino } from 'pino'
import { v7 as newId } from 'uuid'
import { createBatcher, type Batcher, type BatcherOptions } from '../../src/deliveries/batcher.ts'
import { registerOrders } from '../../src/orders/register-orders.ts'
import { lockProviderOrders } from '../../src/transaction/read-working-set.ts'
import { commitChangeSet, type BatchOutbox, type LedgerDeps } from '../../src/transaction/commit-change-set.ts'
import type { EventRow } from '../../src/model/change-set.ts'
import { anOrder, registerOrder } from '../register-order.ts'
import type { Delivery } from '../../src/model/delivery.ts'
import { setTimeout as sleep } from 'node:timers/promises'

/** How often the connections are cut while one batch is tried. */
const CUTS_PER_BATCH = 3

let database: TestDatabase
let pool: Pool
let published: EventRow[]
let deps: LedgerDeps

beforeEach(async () => {
  database = await createTestDatabase()
  pool = database.poolAs('ingest', 10)
  published = []
  deps = { pool, newId, outbox: collectingOutbox() }
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

/** An outbox that only notes what it is given to publish. */
function collectingOutbox(): BatchOutbox {
  return {
    takePublished: () => [],
    returnPublished: () => undefined,
    isCheckDue: () => false,
    sawOldRows: () => undefined,
    outcomeUnknown: () => undefined,
    publish: (_batchId, events) => published.push(...events),
  }
}

const start = (options: Partial<BatcherOptions> = {}): Batcher =>
  createBatcher({ ...deps, log: pino({ level: 'silent' }), ...options })

let deliveries = 0
const aDelivery = (providerOrderId: string, update: Partial<StatusUpdate> = {}, deliveryId?: string): Delivery => {
  deliveries += 1
  return {
    deliveryId: deliveryId ?? `delivery-${deliveries}`,
    provider: 'godofpanel',
    update: { providerOrderId, status: 'canceled', remains: null, startCount: null, ...update },
    body: '{}',
    receivedAt: new Date(),
  }
}

const registerMany = async (count: number, users = count): Promise<string[]> => {
  const ids = Array.from({ length: count }, (_, index) => `${index + 1}`)
  const registrations = ids.map((id) => ({
    ...anOrder(),
    orderId: `A-${id}`,
    providerOrderId: id,
    userId: `user-${Number(id) % users}`,
  }))
  await commitChangeSet(deps, (tx) => registerOrders(tx, registrations))
  published.length = 0
  return ids
}

const countTransactions = async (work: () => Promise<unknown>): Promise<number> => {
  let count = 0
  const connect = pool.connect.bind(pool) as () => Promise<never>
  pool.connect = (() => {
    count += 1
    return connect()
  }) as never
  await work()
  return count
}

type Fate = 'committed' | 'lost' | 'deadlock'

/** The next commits end like this: a lost one is committed, but its response does not arrive. */
const commitsEnd = (...fates: readonly Fate[]): void => {
  const left = [...fates]
  const connect = pool.connect.bind(pool) as () => Promise<PoolClient>
  pool.connect = (async () => {
    const client = await connect()
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
    return Object.assign(Object.create(client) as PoolClient, {
      async query(...args: unknown[]) {
        const fate = args[0] === 'COMMIT' ? (left.shift() ?? 'committed') : 'committed'
        const result = await query(...(fate === 'deadlock' ? ['ROLLBACK'] : args))
        if (fate === 'lost') throw Object.assign(new Error('connection lost'), { code: '08006' })
        if (fate === 'deadlock') throw Object.assign(new Error('deadlock detected'), { code: '40P01' })
        return result
      },
    })
  }) as never
}

/** Whether somebody waits for somebody else, in this database: others are in use at the same time. */
const isWaitingForLock = async (): Promise<boolean> => {
  const { rows } = await database.owner.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  )
  return rows.length > 0
}

describe('group commit', () => {
  test('what comes in one turn of the event loop is one transaction per partition', async () => {
    const ids = await registerMany(200)
    const batcher = start()
    const transactions = await countTransactions(() => Promise.all(ids.map((id) => batcher.submit([aDelivery(id)]))))

    expect(transactions).toBeLessThanOrEqual(2)
    expect(published).toHaveLength(200)
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('and one more for the accounts that another partition has locked', async () => {
    const ids = await registerMany(200, 20)
    const batcher = start()
    const transactions = await countTransactions(() => Promise.all(ids.map((id) => batcher.submit([aDelivery(id)]))))

    expect(transactions).toBeLessThanOrEqual(4)
    expect(published).toHaveLength(200)
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('what comes during a commit forms the next batch, of bounded size', async () => {
    const ids = await registerMany(100)
    const batcher = start({ partitions: 1, batchMax: 30 })
    const transactions = await countTransactions(() => Promise.all(ids.map((id) => batcher.submit([aDelivery(id)]))))

    expect(transactions).toBe(4)
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('the same order several times in one batch: each update counts, in its order', async () => {
    await registerMany(1)
    const results = await start().submit([
      aDelivery('1', { status: 'in_progress', remains: 900 }),
      aDelivery('1', { status: 'in_progress', remains: 400 }),
      aDelivery('1', { status: 'pending' }),
      aDelivery('1', { status: 'partial', remains: 300 }),
      aDelivery('1', { status: 'partial', remains: 300 }),
      aDelivery('1', { status: 'canceled' }),
    ])

    expect(results).toMatchObject([
      { outcome: 'applied' },
      { outcome: 'progress' },
      { outcome: 'stale' },
      { outcome: 'applied', refund: 75_000_000n },
      { outcome: 'unchanged' },
      { outcome: 'applied', refund: 175_000_000n },
    ])
    expect(published.map(({ seq }) => seq)).toMatchObject([2, 3, 4, 5])
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('the same delivery twice in one batch, and again later, is applied once', async () => {
    await registerMany(1)
    const batcher = start()
    const results = await Promise.all([
      batcher.submit([aDelivery('1', {}, 'same')]),
      batcher.submit([aDelivery('1', {}, 'same')]),
    ])
    const later = await batcher.submit([aDelivery('1', {}, 'same')])

    expect(results).toMatchObject([[{ outcome: 'applied', refund: 250_000_000n }], [{ outcome: 'duplicate' }]])
    expect(later).toMatchObject([{ outcome: 'duplicate' }])
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('orders that are not registered are parked without holding up the others', async () => {
    await registerMany(1)
    const results = await start().submit([aDelivery('404'), aDelivery('1'), aDelivery('405')])

    expect(results).toMatchObject([
      { outcome: 'parked' },
      { outcome: 'applied', refund: 250_000_000n },
      { outcome: 'parked' },
    ])
  })
})

describe('orders that are not registered', () => {
  /** As a registration of this order that is in progress. */
  const holdOrder = async (providerOrderId: string): Promise<AsyncDisposable> => {
    const client = await database.owner.connect()
    await client.query('BEGIN')
    await lockProviderOrders(client, [{ provider: 'godofpanel', providerOrderId }])
    return {
      async [Symbol.asyncDispose]() {
        await client.query('ROLLBACK')
        client.release()
      },
    }
  }

  test('do not delay those of their batch that are', async () => {
    await registerMany(2)
    const batcher = start({ partitions: 1 })
    let parked: Promise<unknown>
    {
      await using held = new AsyncDisposableStack()
      held.use(await holdOrder('404'))
      parked = batcher.submit([aDelivery('404')])
      const known = batcher.submit([aDelivery('1')])
      expect(await known).toMatchObject([{ outcome: 'applied' }])
      expect(await batcher.submit([aDelivery('2')])).toMatchObject([{ outcome: 'applied' }])
      expect(published.map(({ userId }) => userId)).toEqual(['user-1', 'user-0'])
    }
    expect(await parked).toEqual([{ outcome: 'parked' }])
  })

  test('and are registered while their updates wait to be parked: each update counts, in its order', async () => {
    await registerMany(1)
    const batcher = start({ partitions: 1 })
    const results: Promise<unknown>[] = []
    {
      await using held = new AsyncDisposableStack()
      held.use(await holdOrder('404'))
      results.push(batcher.submit([aDelivery('404')]))
      await eventually(isWaitingForLock)
      results.push(batcher.submit([aDelivery('2', { status: 'in_progress', remains: 900 })]))
      // In the same batch as the one before, which therefore waits to be parked now.
      await batcher.submit([aDelivery('1')])
      await registerOrder(deps, { ...anOrder(), orderId: 'A-2', providerOrderId: '2' })
      results.push(batcher.submit([aDelivery('2', { status: 'in_progress', remains: 400 })]))
      await batcher.submit([aDelivery('1')])
    }
    expect(await Promise.all(results)).toMatchObject([
      [{ outcome: 'parked' }],
      [{ outcome: 'applied' }],
      [{ outcome: 'progress' }],
    ])
    const { rows } = await database.owner.query(`SELECT remains::int FROM orders WHERE order_id = 'A-2'`)
    expect(rows).toEqual([{ remains: 400 }])
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('are parked before the batcher is closed', async () => {
    const batcher = start()
    const parked = batcher.submit([aDelivery('404')])
    await batcher.close()
    const { rows } = await database.owner.query('SELECT outcome FROM deliveries')
    expect(rows).toEqual([{ outcome: 'parked' }])
    expect(await parked).toEqual([{ outcome: 'parked' }])
  })
})

describe('an account that another transaction has locked', () => {
  test('delays its own deliveries, in their order, and no others', async () => {
    await registerMany(3)
    const batcher = start({ partitions: 1 })
    const holder = await database.owner.connect()
    using lock = new DisposableStack()
    lock.defer(() => holder.release(true))
    await holder.query(`BEGIN; SELECT FROM accounts WHERE user_id = 'user-1' FOR UPDATE`)
    const delayed = [batcher.submit([aDelivery('1', { status: 'in_progress', remains: 900 })])]
    expect(await batcher.submit([aDelivery('2')])).toMatchObject([{ outcome: 'applied' }])
    await eventually(isWaitingForLock)
    delayed.push(batcher.submit([aDelivery('1', { status: 'in_progress', remains: 400 })]))
    expect(await batcher.submit([aDelivery('3')])).toMatchObject([{ outcome: 'applied' }])
    expect(published.map(({ userId }) => userId)).toEqual(['user-2', 'user-0'])

    await holder.query('ROLLBACK')
    expect(await Promise.all(delayed)).toMatchObject([[{ outcome: 'applied' }], [{ outcome: 'progress' }]])
    expect(await ledgerViolations(database.owner)).toEqual({})
  })
})

describe('a webhook that pays only after its provider was asked', () => {
  const response = { providerOrderId: '1', status: 'canceled', remains: null, startCount: null } as const

  test('awaits that, and is settled once, however many bring the answer', async () => {
    await registerMany(1)
    const batcher = start({ verifiedProviders: new Set(['godofpanel']) })
    const webhook = aDelivery('1')
    const verified = { ...webhook, verification: { update: response, body: '{}' } }

    expect(await batcher.submit([webhook])).toEqual([{ outcome: 'awaiting_verification' }])
    expect(await batcher.submit([webhook])).toEqual([{ outcome: 'duplicate' }])
    expect(published).toEqual([])
    expect(await batcher.submit([verified, verified])).toMatchObject([
      { outcome: 'applied', refund: 250_000_000n },
      { outcome: 'duplicate' },
    ])
    expect(await batcher.submit([verified])).toEqual([{ outcome: 'duplicate' }])
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('goes up for review once when the provider disagrees or cannot be asked', async () => {
    await registerMany(2)
    const batcher = start({ verifiedProviders: new Set(['godofpanel']) })
    const webhooks = [aDelivery('1'), aDelivery('2')]
    await batcher.submit(webhooks)
    const refuted = {
      ...webhooks[0]!,
      verification: { update: { ...response, status: 'completed' as const }, body: '{}' },
    }
    const unverified = { ...webhooks[1]!, verification: null }

    for (const _ of [1, 2]) await batcher.submit([refuted, unverified])
    const { rows } = await database.owner.query('SELECT order_id, reason FROM reviews ORDER BY order_id')
    expect(rows).toEqual([
      { order_id: 'A-1', reason: 'provider_disagrees' },
      { order_id: 'A-2', reason: 'not_verified' },
    ])
    expect(published).toEqual([])
  })

  test('what we asked ourselves pays at once', async () => {
    await registerMany(1)
    const asked = { ...aDelivery('1'), origin: 'reconcile' as const }
    expect(await start({ verifiedProviders: new Set(['godofpanel']) }).submit([asked])).toMatchObject([
      { outcome: 'applied', refund: 250_000_000n },
    ])
  })
})

describe('a delivery that the database refuses', () => {
  test('is put up for review alone; its 499 neighbours are applied', async () => {
    const ids = await registerMany(500, 50)
    // A ledger row that the refund rule cannot produce: the unique constraint rejects another refund from 0.
    await database.owner.query(`
      INSERT INTO ledger_entries
      SELECT gen_random_uuid(), user_id, 'refund', 1, 1, order_id, 0, 1, now() FROM orders WHERE provider_order_id = '250'`)
    const batcher = start()
    const results = await batcher.submit(ids.map((id) => aDelivery(id)))

    expect(results[249]).toEqual({ outcome: 'review', review: 'rejected_by_database' })
    expect((results as { outcome: string }[]).filter(({ outcome }) => outcome === 'applied')).toHaveLength(499)
    const { rows } = await database.owner.query('SELECT order_id, reason FROM reviews')
    expect(rows).toEqual([{ order_id: 'A-250', reason: 'rejected_by_database' }])
    // The row that stands for nothing is all that disagrees.
    expect(await ledgerViolations(database.owner)).toEqual({
      refunds: ['A-250'],
      balances: ['user-0'],
      'balance-chain': expect.arrayContaining(['user-0']),
      'refund-events': [expect.any(String)],
    })
  })

  test('because another process commits it at this moment is a duplicate; its neighbours are applied', async () => {
    const ids = await registerMany(10)
    // It names no order, so there is no lock that the two processes would meet at first.
    const delivery = { ...aDelivery('', {}, 'the same'), update: undefined }
    const rival = await database.owner.connect()
    await rival.query(`
      BEGIN;
      INSERT INTO repeatable_delivery_ids VALUES ('the same', now());
      INSERT INTO deliveries (delivery_id, provider, body, outcome, received_at)
      VALUES ('the same', 'godofpanel', '{}', 'unchanged', now())`)
    const results = start({ partitions: 1 }).submit([...ids.map((id) => aDelivery(id)), delivery])
    await eventually(isWaitingForLock)
    await rival.query('COMMIT')
    rival.release()

    expect((await results).at(-1)).toEqual({ outcome: 'duplicate' })
    expect(((await results) as { outcome: string }[]).filter(({ outcome }) => outcome === 'applied')).toHaveLength(10)
    const { rows } = await database.owner.query('SELECT FROM reviews')
    expect(rows).toHaveLength(0)
    expect(await ledgerViolations(database.owner)).toEqual({})
  })
})

describe('when the database fails', () => {
  test('a batch whose connection is cut is run again', async () => {
    const ids = await registerMany(50)
    const batcher = start()
    const done = new AbortController()
    let cutsLeft = 0
    let cuts = 0
    const cut = async (): Promise<void> => {
      while (!done.signal.aborted) {
        await sleep(5)
        if (cutsLeft === 0) continue
        const { rows } = await database.owner.query(`
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'test-ingest' AND random() < 0.5`)
        cuts += rows.length
        if (rows.length > 0) cutsLeft -= 1
      }
    }
    const cutting = cut()
    const results: unknown[] = []
    try {
      for (const id of ids) {
        // A machine on which a commit takes longer than it is to the next cut would never come to an end.
        cutsLeft = CUTS_PER_BATCH
        results.push(await batcher.submit([aDelivery(id, {}, newId())]))
      }
    } finally {
      done.abort()
      await cutting
    }
    expect(cuts).toBeGreaterThan(0)

    const outcomes = new Set(results.flat().map((result) => (result as { outcome?: string }).outcome ?? result))
    expect(new Set(['applied', 'duplicate'])).toEqual(outcomes.union(new Set(['applied', 'duplicate'])))
    const { rows } = await database.owner.query(`SELECT count(*)::int AS count FROM orders WHERE refunded = charge`)
    expect(rows).toEqual([{ count: 50 }])
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('what an earlier attempt has committed is a duplicate, also when its id was drawn for this webhook', async () => {
    await registerMany(1)
    commitsEnd('lost')
    expect(await start().submit([aDelivery('1', {}, newId())])).toEqual([{ outcome: 'duplicate' }])
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('a batch that lost a deadlock is run again', async () => {
    await registerMany(2)
    const client = await database.owner.connect()
    await client.query('BEGIN')
    await client.query(`SELECT FROM orders WHERE provider_order_id = '1' FOR UPDATE`)
    const results = start().submit([aDelivery('1'), aDelivery('2')])
    // Our transaction holds order 1, theirs the accounts; asking for an account closes the circle.
    await eventually(isWaitingForLock)
    await client.query(`SET LOCAL deadlock_timeout = '10s'`)
    await client.query(`SELECT FROM accounts FOR UPDATE`).catch(() => undefined)
    await client.query('ROLLBACK')
    client.release()

    const applied = { outcome: 'applied', refund: 250_000_000n }
    expect(await results).toMatchObject([applied, applied])
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('senders are told to come back when it stays away', async () => {
    const unreachable = {
      connect: () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect' })),
    }
    const batcher = start({ pool: unreachable as unknown as Pool, commitTimeoutMs: 300 })
    expect(await batcher.submit([aDelivery('1')])).toBe('database_unavailable')
  })
})

describe('bounds', () => {
  test('more than the queue holds is refused at once, and the rest is committed', async () => {
    const ids = await registerMany(20)
    const batcher = start({ queueMax: 10 })
    const [first, second] = await Promise.all([
      batcher.submit(ids.slice(0, 10).map((id) => aDelivery(id))),
      batcher.submit([aDelivery(ids[10]!)]),
    ])

    expect(second).toBe('queue_full')
    expect(first).toHaveLength(10)
    expect(await batcher.submit([aDelivery(ids[10]!)])).toHaveLength(1)
  })

  test('closing commits what was accepted and accepts nothing more', async () => {
    const ids = await registerMany(100)
    const batcher = start()
    const accepted = Promise.all(ids.map((id) => batcher.submit([aDelivery(id)])))
    const closing = batcher.close()

    expect(await batcher.submit([aDelivery('1')])).toBe('shutting_down')
    await closing
    expect((await accepted).flat()).toHaveLength(100)
    expect(published).toHaveLength(100)
  })
})

test('two processes with overlapping users in opposite order never deadlock for long and stay exact', async () => {
  const ids = await registerMany(60, 6)
  const batchers = [start(), start()]
  const results = await Promise.all(
    Array.from({ length: 10 }, (_, round) =>
      Promise.all(
        batchers.map((batcher, index) => {
          const order = index === 0 ? ids : ids.toReversed()
          return batcher.submit(order.map((id) => aDelivery(id, { status: 'partial', remains: 100 * (round + 1) })))
        }),
      ),
    ),
  )

  expect(results.flat(2).every((result) => typeof result === 'object')).toBe(true)
  const { rows } = await database.owner.query(`SELECT count(*)::int AS count FROM orders WHERE refunded = charge`)
  expect(rows).toEqual([{ count: 60 }])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('batches lock accounts in one order, whatever the order of their orders: there is never a deadlock', async () => {
  // Each batch has an order of each user; by order id, every batch goes through the users in another order.
  const users = 6
  const batches = [0, 1, 2, 3].map((batch) =>
    Array.from({ length: users }, (_, place) => ({
      id: `${batch}${place}`,
      userId: `user-${(place * (batch + 1)) % 7}`,
    })),
  )
  for (const { id, userId } of batches.flat()) {
    await registerOrder(deps, { ...anOrder(), orderId: `A-${id}`, providerOrderId: id, userId })
  }
  await Promise.all(
    batches.map(async (batch) => {
      const batcher = start({ partitions: 1 })
      for (let round = 0; round < 100; round += 1) {
        await batcher.submit(batch.map(({ id }) => aDelivery(id, { status: 'in_progress', remains: round })))
      }
    }),
  )

  const { rows } = await database.owner.query<{ deadlocks: number }>(
    `SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()`,
  )
  expect(rows).toEqual([{ deadlocks: 0 }])
  expect(await ledgerViolations(database.owner)).toEqual({})
})
