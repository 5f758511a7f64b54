import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { NotConnectedError } from '@paxyo/database'
import { createInProcessBus } from '@paxyo/event-bus'
import { parseMoney } from '@paxyo/order-core'
import { createTestDatabase, eventually, ledgerViolations, type TestDatabase } from '@paxyo/testkit'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { createAccountWrites, type AccountWrite, type AccountWrites } from '../../src/account-writes/account-writes.ts'
import type { OrderAction } from '../../src/account-writes/act-on-order.ts'
import { newId } from '../../src/model/new-id.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import type { LedgerDeps } from '../../src/transaction/commit-change-set.ts'
import { anOrder, registerOrder } from '../register-order.ts'
import { aDeposit, anAction } from './an-account-write.ts'

let database: TestDatabase
let outbox: Outbox
let deps: LedgerDeps
let writes: AccountWrites
beforeEach(async () => {
  database = await createTestDatabase()
  const pool = database.poolAs('ingest', 4)
  outbox = createOutbox({ pool, publisher: createInProcessBus().connectPublisher(), log: pino({ level: 'silent' }) })
  deps = { pool, newId, outbox }
  writes = createAccountWrites(deps)
  for (const name of ['ann', 'bob']) {
    await registerOrder(deps, { ...anOrder(), orderId: `O-${name}`, providerOrderId: `p-${name}`, userId: name })
  }
})
afterEach(async () => {
  await outbox.close()
  await database[Symbol.asyncDispose]()
})

const pay = (userId: string, amount: string, paymentRef: string): AccountWrite =>
  aDeposit({ userId, amount: parseMoney(amount), currency: 'USD', paymentRef })

const REFUND: OrderAction = {
  action: 'refund',
  amount: parseMoney('1'),
  status: undefined,
  note: 'n',
  actor: 'Ann',
  keyId: 'k',
}
const refund = (userId: string, operatorId?: string): AccountWrite => anAction(`O-${userId}`, { ...REFUND, operatorId })

const request = (key: string, hash = 0) => ({ key, hash: Buffer.alloc(32, hash), part: 0 })

/** @returns the balance and the seq in the response, or the error. */
async function commit(write: AccountWrite, key?: ReturnType<typeof request>): Promise<string> {
  const response = await writes.commit(key, write)
  if (typeof response === 'string') return response
  const { balance, seq } = JSON.parse(response.json) as { balance: string; seq: number }
  return `${balance} ${seq}${response.isReplay ? ' again' : ''}`
}

const rows = async (text: string): Promise<unknown[]> => (await database.owner.query(text)).rows

test('requests that arrive together are one transaction, each decided on what the ones before it have left', async () => {
  const results = await Promise.all([
    commit(pay('ann', '10', 'r-1')),
    commit(pay('ann', '10', 'r-1')),
    commit(pay('bob', '10', 'r-1')),
    commit(refund('ann')),
    commit(refund('ann')),
    commit(refund('ann')),
    commit(pay('bob', '5', 'r-2'), request('key')),
    commit(pay('bob', '5', 'r-2'), request('key')),
    commit(pay('bob', '5', 'r-2'), request('key', 1)),
    commit(anAction('O-bob', { ...REFUND, action: 'cancel', amount: undefined })),
    commit(anAction('O-none', REFUND)),
    commit(aDeposit({ userId: 'ann', amount: 1n, currency: 'EUR', paymentRef: 'r-3' })),
  ])
  expect(results).toEqual([
    '10 2',
    '10 2 again',
    'payment_ref_reused',
    '11 3',
    '12 4',
    'refund_exceeds_charge',
    '5 2',
    '5 2 again',
    'idempotency_key_reused',
    '7.5 3',
    'order_not_found',
    'currency_mismatch',
  ])
  expect(await commit(pay('none', '1', 'r-4'))).toBe('account_not_found')
  expect(await commit(pay('bob', '5', 'r-2'), request('key'))).toBe('5 2 again')
  expect(await rows('SELECT count(DISTINCT created_at)::int AS groups, count(*)::int AS entries FROM ledger_entries')).toEqual(
    [{ groups: 1, entries: 5 }],
  )
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('a locked account delays its own requests only', async () => {
  const holder = await database.owner.connect()
  await using lock = new AsyncDisposableStack()
  lock.defer(async () => {
    await holder.query('ROLLBACK')
    holder.release()
  })
  await holder.query(`BEGIN; SELECT FROM accounts WHERE user_id = 'ann' FOR UPDATE`)
  const delayed = [commit(pay('ann', '10', 'r-1')), commit(refund('ann'))]
  expect(await Promise.all([commit(pay('bob', '10', 'r-2')), commit(refund('bob'))])).toEqual(['10 2', '11 3'])
  // Also while those of the other account wait.
  await eventually(async () => (await waiting()) === 1)
  expect(await commit(refund('bob'))).toBe('12 4')

  await lock.disposeAsync()
  expect(await Promise.all(delayed)).toEqual(['10 2', '11 3'])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

async function waiting(): Promise<number> {
  const { rows: found } = await database.owner.query<{ count: number }>(
    `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  )
  return found[0]!.count
}

test('a request that fails, or that the database rejects, does not fail those of its group', async () => {
  const fault: AccountWrite = {
    needs: { userId: 'ann' },
    decide() {
      throw new TypeError('a fault')
    },
  }
  const rejected: AccountWrite = {
    needs: { userId: 'ann' },
    decide({ changes }) {
      changes.others.push({ name: 'divide_by_zero', text: 'SELECT 1 / 0', values: [] })
      return { status: 200, body: {} }
    },
  }
  const results = await Promise.allSettled(
    [pay('ann', '10', 'r-1'), fault, refund('ann'), rejected, pay('bob', '10', 'r-2')].map((write) => commit(write)),
  )
  expect(results).toEqual([
    { status: 'fulfilled', value: '10 2' },
    { status: 'rejected', reason: expect.objectContaining({ message: 'a fault' }) },
    { status: 'fulfilled', value: '11 3' },
    { status: 'rejected', reason: expect.objectContaining({ message: 'division by zero' }) },
    { status: 'fulfilled', value: '10 2' },
  ])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('a payment that another process deposits into another account at the same time is deposited once', async () => {
  const other = createAccountWrites(deps)
  const races = Array.from({ length: 10 }, (_, index) => `r-${index}`)
  const results = await Promise.all(
    races.flatMap((ref) => [commit(pay('ann', '1', ref)), other.commit(undefined, pay('bob', '1', ref))]),
  )
  expect(results.filter((result) => result === 'payment_ref_reused')).toHaveLength(races.length)
  expect(await rows(`SELECT sum(balance)::text AS sum FROM accounts`)).toEqual([{ sum: '10.00000000' }])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('the refunds of an operator in one group stay within the limit together', async () => {
  const operatorId = 'opr_0123456789ab'
  await database.owner.query(
    `INSERT INTO operators (operator_id, name, role, refund_limit) VALUES ($1, 'Tina', 'support', 1.5)`,
    [operatorId],
  )
  expect(
    await Promise.all([refund('ann', operatorId), refund('bob', operatorId), refund('bob')].map((one) => commit(one))),
  ).toEqual(['1 2', 'refund_limit_exceeded', '1 2'])
  expect(await rows('SELECT operator_id, amount FROM operator_refunds')).toEqual([
    { operator_id: operatorId, amount: '1.00000000' },
  ])
})

test('without a connection all of a group fail, and those that come later do not', async () => {
  let isReachable = false
  const connect = () => (isReachable ? deps.pool.connect() : Promise.reject(new Error('refused')))
  writes = createAccountWrites({ ...deps, pool: { connect } as Pool })
  const failed = [commit(pay('ann', '10', 'r-1')), commit(refund('bob'))]
  for (const one of failed) await expect(one).rejects.toThrow(NotConnectedError)
  isReachable = true
  expect(await Promise.all([commit(pay('ann', '10', 'r-1')), commit(refund('bob'))])).toEqual(['10 2', '1 2'])
})
