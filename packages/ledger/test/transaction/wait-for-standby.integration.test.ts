import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ErrorCode } from '@paxyo/contracts'
import { createInProcessBus } from '@paxyo/event-bus'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { pino } from 'pino'
import { commitDeliveries } from '../../src/deliveries/commit-deliveries.ts'
import { emptyChangeSet } from '../../src/model/change-set.ts'
import { newId } from '../../src/model/new-id.ts'
import { registerOrders } from '../../src/orders/register-orders.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { dismissReviews } from '../../src/reviews/unknown-word.ts'
import { commitChangeSet, type LedgerDeps } from '../../src/transaction/commit-change-set.ts'
import { commitImport } from '../../src/transaction/commit-import.ts'
import { commitOnce } from '../../src/transaction/commit-once.ts'
import { writeChangeSet } from '../../src/transaction/write-change-set.ts'
import { aCancellation, anOrder } from '../register-order.ts'

let database: TestDatabase
let outbox: Outbox
let deps: LedgerDeps
beforeEach(async () => {
  database = await createTestDatabase()
  const pool = database.poolAs('ingest', 4)
  outbox = createOutbox({ pool, publisher: createInProcessBus().connectPublisher(), log: pino({ level: 'silent' }) })
  deps = { pool, newId, outbox }
})
afterEach(async () => {
  await outbox.close()
  await database[Symbol.asyncDispose]()
})

test('a transaction that acknowledges what is there writes, also when it has only deleted rows to delete', async () => {
  const client = await deps.pool.connect()
  try {
    await client.query('BEGIN')
    await Promise.all(writeChangeSet(client, emptyChangeSet(), { batchId: newId(), publishedBatchIds: [newId()] }))
    // Without an id, COMMIT would not wait for a standby.
    const { rows } = await client.query('SELECT pg_current_xact_id_if_assigned() IS NOT NULL AS writes')
    expect(rows).toEqual([{ writes: true }])
  } finally {
    await client.query('ROLLBACK')
    client.release()
  }
})

describe('COMMIT waits for the standby also when nothing is written, because', () => {
  const waits = async (work: (one: LedgerDeps) => Promise<unknown>): Promise<boolean> => {
    const names: unknown[] = []
    const { pool } = deps
    const connect = async (): Promise<unknown> => {
      const client = await pool.connect()
      return new Proxy(client, {
        get(target, property) {
          const value = Reflect.get(target, property) as unknown
          if (property !== 'query') return typeof value === 'function' ? value.bind(target) : value
          return (query: { name?: string }, ...others: never[]) => {
            names.push(query.name)
            return (target.query as (...all: unknown[]) => unknown)(query, ...others)
          }
        },
      })
    }
    await work({ ...deps, pool: { connect } as unknown as LedgerDeps['pool'] })
    return names.includes('wait_for_standby')
  }

  test('an order is registered already, by a service or by an import', async () => {
    const register = (one: LedgerDeps) => commitChangeSet(one, (tx) => registerOrders(tx, [anOrder()]))
    expect(await waits(register)).toBe(false)
    expect(await waits(register)).toBe(true)
    expect(await waits((one) => commitImport(one, (tx) => registerOrders(tx, [anOrder()])))).toBe(true)
  })

  test('a delivery is a duplicate', async () => {
    await commitChangeSet(deps, (tx) => registerOrders(tx, [anOrder()]))
    const delivery = aCancellation()
    expect(await waits((one) => commitDeliveries(one, [delivery]))).toBe(false)
    expect(await waits((one) => commitDeliveries(one, [delivery]))).toBe(true)
  })

  test('a conflict is with what is committed, unlike another error', async () => {
    const fail = (code: ErrorCode) => (one: LedgerDeps) => commitOnce(one, undefined, () => Promise.resolve(code))
    expect(await waits(fail('review_resolved'))).toBe(true)
    expect(await waits(fail('order_not_found'))).toBe(false)
  })

  test('a word is mapped already and its reviews are dismissed', async () => {
    expect(await waits((one) => dismissReviews(one, ['d-1'], { actor: 'ann', keyId: 'k', note: '' }))).toBe(true)
  })
})
