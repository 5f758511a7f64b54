import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { ErrorCode } from '@paxyo/contracts'
import { insertAuditCalls } from '@paxyo/database'
import { parseMoney } from '@paxyo/order-core'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import type { PoolClient } from 'pg'
import { pino } from 'pino'
import { createAccountWrites, type AccountWrite } from '../../src/account-writes/account-writes.ts'
import { newId } from '../../src/model/new-id.ts'
import { registerOrders } from '../../src/orders/register-orders.ts'
import { commitChangeSet, type LedgerDeps } from '../../src/transaction/commit-change-set.ts'
import { commitOnce, type OnceWork } from '../../src/transaction/commit-once.ts'
import type { AuditedWork } from '../../src/transaction/record-response.ts'
import { PUBLISHED_BY_SERVICES } from '../../src/transaction/published-by-services.ts'
import { aDeposit, anAction } from '../account-writes/an-account-write.ts'
import { anOrder } from '../register-order.ts'

// Each write to the socket wakes a process of PostgreSQL, and locks are held until the last one.

let database: TestDatabase
let deps: LedgerDeps
let writes: number
beforeEach(async () => {
  database = await createTestDatabase()
  const pool = database.poolAs('ingest', 1)
  pool.on('connect', countWrites)
  deps = { pool, newId, outbox: PUBLISHED_BY_SERVICES }
  await commitChangeSet(deps, (tx) => registerOrders(tx, [anOrder()]))
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

function countWrites({ connection: { stream } }: PoolClient): void {
  for (const name of ['_write', '_writev'] as const) {
    const write = stream[name] as (...args: unknown[]) => void
    stream[name] = (...args: unknown[]) => {
      writes += 1
      Reflect.apply(write, stream, args)
    }
  }
}

const BY = { actor: 'k', address: null, action: 'a', subject: null }
const AUDITED: AuditedWork = {
  isErrorAudited: () => true,
  record(changes, outcome) {
    changes.audit.push({ actorName: 'k', note: null, ...BY, ...outcome })
  },
}
const ROUTINE: AuditedWork = {
  isErrorAudited: () => true,
  record(changes, { result, after }) {
    changes.others.push(insertAuditCalls([{ ...BY, userId: null, result, after }]))
  },
}

/** @returns the status of the response, and how often something was sent to PostgreSQL. */
async function send(
  key: string | undefined,
  work: AccountWrite | OnceWork,
  audited = AUDITED,
): Promise<[status: number | ErrorCode, writes: number]> {
  const request = key === undefined ? undefined : { key, hash: Buffer.alloc(32), part: 0 }
  writes = 0
  const response =
    typeof work === 'function'
      ? await commitOnce(deps, request, work, audited)
      : await createAccountWrites({ ...deps, log: pino({ level: 'silent' }) }).commit(request, work, audited)
  return [typeof response === 'string' ? response : response.status, writes]
}

const pay = (paymentRef: string): AccountWrite => {
  const { userId, currency } = anOrder()
  return aDeposit({ userId, amount: parseMoney('1'), currency, paymentRef })
}

const refund = anAction(anOrder().orderId, {
  action: 'refund',
  amount: parseMoney('2'),
  status: undefined,
  note: 'n',
  actor: undefined,
  keyId: 'k',
})

test('a request for money takes two round trips: all that it needs, and all that it writes with COMMIT', async () => {
  expect(await send('key-1', pay('payment-1'))).toEqual([201, 2])
  expect(await send('key-2', pay('payment-1'))).toEqual([201, 2])
  expect(await send('key-1', pay('payment-1'))).toEqual([201, 2])
  expect(await send(undefined, pay('payment-2'))).toEqual([201, 2])
  expect(await send('key-3', refund)).toEqual([200, 2])
  expect(await send('key-4', refund)).toEqual(['refund_exceeds_charge', 2])

  const { rows } = await database.owner.query('SELECT result FROM audit_log ORDER BY position')
  expect(rows.map(({ result }) => result)).toEqual(['ok', 'ok', 'ok', 'refund_exceeds_charge'])
  const actions = await database.owner.query('SELECT action, refund_id IS NOT NULL AS refunds FROM operator_actions')
  expect(actions.rows).toEqual([{ action: 'refund', refunds: true }])
})

test('a routine call is recorded in the last round trip, also one that was rejected', async () => {
  const register =
    (change: object): OnceWork =>
    async (tx) => {
      const [result] = await registerOrders(tx, [{ ...anOrder(), ...change }])
      return typeof result === 'string' ? result : { status: 201, body: {} }
    }
  const other = { orderId: 'R-1', providerOrderId: 'r-1' }
  const without: AuditedWork = { isErrorAudited: () => false, record: () => undefined }
  const [, writesWithout] = await send(undefined, register({ orderId: 'R-0', providerOrderId: 'r-0' }), without)
  expect(await send(undefined, register(other), ROUTINE)).toEqual([201, writesWithout])
  expect(await send(undefined, register({ ...other, currency: 'EUR' }), ROUTINE)).toEqual([
    expect.stringMatching(/^(order_conflict|currency_mismatch)$/),
    writesWithout,
  ])

  const { rows } = await database.owner.query('SELECT result FROM audit_calls ORDER BY call_id')
  expect(rows).toEqual([{ result: 'ok' }, { result: expect.stringMatching(/^(order_conflict|currency_mismatch)$/) }])
})
