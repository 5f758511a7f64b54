import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createKysely, NotConnectedError, verifyAuditLog } from '@paxyo/database'
import { createInProcessBus } from '@paxyo/event-bus'
import { parseMoney } from '@paxyo/order-core'
import { createTestDatabase, eventually, ledgerViolations, type TestDatabase } from '@paxyo/testkit'
import type { Pool } from 'pg'
import { pino } from 'pino'
import {
  createAccountWrites,
  type AccountWrite,
  type AccountWrites,
  type AccountWritesDeps,
} from '../../src/account-writes/account-writes.ts'
import type { OrderAction } from '../../src/account-writes/act-on-order.ts'
import { commitDeliveries } from '../../src/deliveries/commit-deliveries.ts'
import { newId } from '../../src/model/new-id.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import type { AuditedWork } from '../../src/transaction/record-response.ts'
import { aCancellation, anOrder, registerOrder } from '../register-order.ts'
import { aDeposit, anAction } from './an-account-write.ts'

let database: TestDatabase
let outbox: Outbox
let deps: AccountWritesDeps
let writes: AccountWrites
beforeEach(async () => {
  database = await createTestDatabase()
  const pool = database.poolAs('ingest', 6)
  const log = pino({ level: 'silent' })
  outbox = createOutbox({ pool, publisher: createInProcessBus().connectPublisher(), log })
  deps = { pool, newId, outbox, log }
  writes = createAccountWrites(deps)
  for (const name of ['ann', 'bob', 'zoe']) {
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
  expect(
    await rows('SELECT count(DISTINCT created_at)::int AS groups, count(*)::int AS entries FROM ledger_entries'),
  ).toEqual([{ groups: 1, entries: 5 }])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

/** Locks the account of a user until it is disposed. */
async function lockAccount(userId: string): Promise<AsyncDisposable> {
  const holder = await database.owner.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT FROM accounts WHERE user_id = $1 FOR UPDATE', [userId])
  return {
    async [Symbol.asyncDispose]() {
      await holder.query('ROLLBACK')
      holder.release()
    },
  }
}

async function untilWaiting(count: number): Promise<void> {
  await eventually(async () => {
    const { rows: found } = await database.owner.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    return found[0]!.count === count
  })
}

test('a locked account delays its requests only, neither others that had to wait nor their webhooks', async () => {
  await using locks = new AsyncDisposableStack()
  locks.use(await lockAccount('zoe'))
  const lockOfBob = await lockAccount('bob')
  const ofZoe = [commit(pay('zoe', '10', 'r-1')), commit(refund('zoe'))]
  const ofBob = commit(pay('bob', '10', 'r-2'))
  await untilWaiting(2)
  expect(await Promise.all([commit(pay('ann', '10', 'r-3')), commit(refund('ann'))])).toEqual(['10 2', '11 3'])
  const { lockWaits, lockWaitMs, commitAgeMs } = writes
  expect({ lockWaits, commitAgeMs }).toEqual({ lockWaits: 3, commitAgeMs: 0 })
  expect(lockWaitMs).toBeGreaterThan(0)
  await lockOfBob[Symbol.asyncDispose]()
  expect(await ofBob).toBe('10 2')
  const { update, ...delivery } = aCancellation()
  const [webhook] = await commitDeliveries(deps, [{ ...delivery, update: { ...update!, providerOrderId: 'p-bob' } }])
  expect(webhook!.outcome).toBe('applied')

  await locks.disposeAsync()
  expect(await Promise.all(ofZoe)).toEqual(['10 2', '11 3'])
  expect({ lockWaits: writes.lockWaits, lockWaitMs: writes.lockWaitMs }).toEqual({ lockWaits: 0, lockWaitMs: 0 })
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('a request that is repeated while its account is locked gets the response of the first one', async () => {
  await using lock = new AsyncDisposableStack()
  lock.use(await lockAccount('ann'))
  const first = commit(refund('ann'), request('key'))
  await untilWaiting(1)
  const second = commit(refund('ann'), request('key'))
  // It comes behind the first one, before another one is committed.
  expect(await commit(refund('bob'))).toBe('1 2')
  await lock.disposeAsync()
  expect(await Promise.all([first, second])).toEqual(['1 2', '1 2 again'])
})

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
  const connect = () => (isReachable ? deps.pool.connect() : Promise.reject(new Error('no server')))
  writes = createAccountWrites({ ...deps, pool: { connect } as Pool })
  const failed = await Promise.allSettled([commit(pay('ann', '10', 'r-1')), commit(refund('bob'))])
  expect(failed.map((result) => result.status === 'rejected' && result.reason)).toEqual([
    expect.any(NotConnectedError),
    expect.any(NotConnectedError),
  ])
  isReachable = true
  expect(await Promise.all([commit(pay('ann', '10', 'r-1')), commit(refund('bob'))])).toEqual(['10 2', '1 2'])
})

test('nothing is decided again after a COMMIT, whatever fails then', async () => {
  const onCommitted = (): void => {
    throw new TypeError('a fault')
  }
  writes = createAccountWrites({ ...deps, onCommitted })
  const results = await Promise.allSettled([commit(refund('ann')), commit(refund('bob'))])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await rows(`SELECT sum(refunded)::text AS sum FROM orders`)).toEqual([{ sum: '2.00000000' }])
})

test('each request of a group has its response under its key, and its entry in the audit log', async () => {
  const audited = (actorName: string): AuditedWork => ({
    isErrorAudited: () => true,
    record(changes, outcome) {
      const by = { actor: 'k', actorName, action: 'deposit', subject: null, note: null, address: null }
      changes.audit.push({ ...by, ...outcome })
    },
  })
  const names = Array.from({ length: 20 }, (_, index) => `${index} "quoted" \\ é`)
  const responses = await Promise.all(
    names.map((name, index) => writes.commit(request(name), pay('ann', String(index + 1), name), audited(name))),
  )
  const stored = await rows('SELECT idempotency_key AS key, body AS json FROM idempotency_keys')
  expect(stored).toHaveLength(names.length)
  expect(stored).toEqual(
    expect.arrayContaining(names.map((key, index) => ({ key, json: (responses[index] as { json: string }).json }))),
  )
  const entries = await rows('SELECT actor_name AS name FROM audit_log ORDER BY position')
  expect(entries).toEqual(names.map((name) => ({ name })))
  expect(await verifyAuditLog(createKysely(deps.pool))).toMatchObject({ entries: names.length, problems: [] })
})
