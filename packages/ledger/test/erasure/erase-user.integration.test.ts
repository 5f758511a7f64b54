import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  appendAuditEntry,
  chainAuditCalls,
  createKysely,
  insertAuditCalls,
  readAuditCalls,
  verifyAuditLog,
} from '@paxyo/database'
import { createInProcessBus } from '@paxyo/event-bus'
import { createTestDatabase, eventually, ledgerViolations, type TestDatabase } from '@paxyo/testkit'
import { pino } from 'pino'
import { createAccountWrites } from '../../src/account-writes/account-writes.ts'
import { readChangeFeedEnd, readChanges } from '../../src/change-feed/read-changes.ts'
import { revokeToken } from '../../src/connections/revoke-token.ts'
import { commitDeliveries } from '../../src/deliveries/commit-deliveries.ts'
import { ERASURE_DECISIONS } from '../../src/erasure/decisions.ts'
import { eraseUser, resumeErasures } from '../../src/erasure/erase-user.ts'
import { previewErasure } from '../../src/erasure/preview-erasure.ts'
import type { Delivery } from '../../src/model/delivery.ts'
import { newId } from '../../src/model/new-id.ts'
import { attachProviderOrder } from '../../src/orders/attach-provider-order.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { resolveReview } from '../../src/reviews/resolve-review.ts'
import { commitChangeSet, type LedgerDeps } from '../../src/transaction/commit-change-set.ts'
import { commitOnce } from '../../src/transaction/commit-once.ts'
import type { SuccessResponse } from '../../src/transaction/record-response.ts'
import { aDeposit, anAction } from '../account-writes/an-account-write.ts'
import { anOrder, registerOrder } from '../register-order.ts'

const LINK = 'https://example.com/marks-page'
const BY = { actor: 'pxk_1', actorName: 'the panel', address: null }

let database: TestDatabase
let outbox: Outbox
let deps: LedgerDeps
beforeAll(async () => {
  database = await createTestDatabase()
  const pool = database.poolAs('ingest', 4)
  outbox = createOutbox({ pool, publisher: createInProcessBus().connectPublisher(), log: pino({ level: 'silent' }) })
  deps = { pool, newId, outbox }
})
afterAll(async () => {
  await outbox.close()
  await database[Symbol.asyncDispose]()
})

const rows = async <Row = unknown>(sql: string, values: unknown[] = []): Promise<Row[]> =>
  (await database.owner.query(sql, values)).rows as Row[]
const aDelivery = (providerOrderId: string, status: 'canceled' | 'in_progress', body = LINK): Delivery => ({
  deliveryId: newId(),
  provider: 'godofpanel',
  update: { providerOrderId, status, remains: null, startCount: null },
  body,
  receivedAt: new Date(),
})
const anOrderOf = (userId: string, number: string) => ({
  ...anOrder(),
  orderId: `M-${number}`,
  providerOrderId: `p-${number}`,
  userId,
  link: `${LINK}/${number}`,
})

/** Tables with a row that contains the text. */
async function tablesWith(text: string): Promise<string[]> {
  const tables = await rows<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
       AND relnamespace = current_schema()::regnamespace ORDER BY 1`,
  )
  const found: string[] = []
  for (const { name } of tables) {
    const [row] = await rows<{ has: boolean }>(
      `SELECT EXISTS (SELECT FROM ${name} AS row WHERE strpos(row::text, $1) > 0) AS has`,
      [text],
    )
    if (row!.has) found.push(name)
  }
  return found
}

const LEDGER = `
  SELECT (SELECT array_agg(format('%s %s %s %s', kind, amount, balance_after, order_id) ORDER BY position) FROM ledger_entries)
      AS entries,
    (SELECT array_agg(format('%s %s %s %s', balance, refunded, last_seq, order_counts) ORDER BY created_at, currency) FROM accounts)
      AS accounts,
    (SELECT array_agg(format('%s %s %s %s', order_id, charge, refunded, status) ORDER BY order_id) FROM orders) AS orders,
    (SELECT array_agg(encode(hash, 'hex') ORDER BY position) FROM audit_log
      WHERE action NOT IN ('eraseUser', 'eraseCalls', 'chainCalls')) AS hashes`

/** A user of whom every table has something. */
async function fillTables(userId: string): Promise<void> {
  for (const number of ['1', '2', '3']) await registerOrder(deps, anOrderOf(userId, number))
  const writes = createAccountWrites({ ...deps, log: pino({ level: 'silent' }) })
  const payment = { userId, amount: 1_000_000_000n, currency: 'USD', paymentRef: 'invoice 1' }
  await writes.commit(undefined, aDeposit(payment))
  await commitDeliveries(deps, [aDelivery('p-1', 'in_progress'), aDelivery('p-2', 'canceled')])
  const note = `for ${userId}`
  const action = { action: 'refund', amount: 100_000_000n, status: undefined, note, actor: 'Ann', keyId: 'k' } as const
  await writes.commit(undefined, anAction('M-1', action))
  await revokeToken(database.owner, { userId, jti: 'a', expiresAt: new Date(Date.now() + 3_600_000) })
  await appendAuditEntry(createKysely(database.owner), {
    ...BY,
    action: 'deposit',
    subject: userId,
    note: `of ${userId}`,
    before: { userId },
    after: null,
    result: 'ok',
  })
  const minted = { ...BY, action: 'mintToken', result: 'ok', after: null }
  for (const subject of ['chained', 'waiting']) {
    await chainAuditCalls(deps.pool)
    await deps.pool.query(
      insertAuditCalls([
        { ...minted, subject, userId },
        { ...minted, subject, userId: 'other' },
      ]),
    )
  }
  await database.owner.query('INSERT INTO receipts VALUES ($1, 1, now())', [userId])
  await database.owner.query(
    `INSERT INTO idempotency_keys (idempotency_key, part, request_hash, status, body)
     VALUES ('one', 0, sha256('a'), 201, $1)`,
    [JSON.stringify({ userId, order: { orderId: 'M-1', link: `${LINK}/1` }, others: [{ userId: 'other' }] })],
  )
  await database.owner.query(`
    INSERT INTO outgoing_webhook_endpoints (endpoint_id, url, types, secrets, position)
    VALUES ('environment', 'https://panel.example', '{order.updated}', '{}', 0)`)
  await database.owner.query(
    `INSERT INTO outgoing_webhooks (webhook_id, endpoint_id, type, subject, body, due_at, last_error, attempt_history)
     VALUES (gen_random_uuid(), 'environment', 'order.updated', $1, $2, now(), $3, $4)`,
    [
      'order M-1',
      JSON.stringify({ type: 'order.updated', data: { userId, order: { orderId: 'M-1', link: `${LINK}/1` } } }),
      `status 500: ${userId}`,
      JSON.stringify([{ response: userId }]),
    ],
  )
  await database.owner.query(
    `INSERT INTO verifications (delivery_id, provider, provider_order_id, created_at, due_at, settled_at, response)
     SELECT delivery_id, provider, provider_order_id, now(), now(), now(), $1 FROM deliveries LIMIT 1`,
    [LINK],
  )
  // Its body's retention has ended, that of the delivery has not.
  await database.owner.query(
    `UPDATE deliveries SET body = NULL WHERE delivery_id = (SELECT delivery_id FROM verifications)`,
  )
  await database.owner.query(
    `INSERT INTO archive_keys (key_id, user_id, key) VALUES (gen_random_uuid(), $1, sha256('a'))`,
    [userId],
  )
}

test('a user is erased from every table, and the ledger is as before', async () => {
  const userId = 'mark-the-user'
  await registerOrder(deps, { ...anOrder(), userId: 'other', orderId: 'B-1', providerOrderId: '999' })
  await fillTables(userId)
  const [before] = await rows(LEDGER)
  expect(await previewErasure(deps.pool, userId)).toMatchObject({ orders: 3, openOrders: 2, ledgerEntries: 3 })
  expect(await tablesWith(LINK)).not.toEqual([])

  const { pseudonym } = (await eraseUser(deps, { userId, ...BY }))!

  expect(await rows(LEDGER)).toEqual([before])
  expect(await ledgerViolations(database.owner)).toEqual({})
  expect((await verifyAuditLog(createKysely(deps.pool))).problems).toEqual([])
  expect(await tablesWith(LINK)).toEqual([])
  // Until no token from before can be valid.
  expect(await tablesWith(userId)).toEqual(['connection_cutoffs', 'revoked_tokens'])
  const users = await rows<{ user_id: string }>('SELECT user_id FROM accounts ORDER BY user_id')
  expect(users.map((row) => row.user_id)).toEqual([pseudonym, 'other'])
  expect(
    await rows(`SELECT body::json -> 'others' AS others, body::json ->> 'userId' AS user FROM idempotency_keys`),
  ).toEqual([{ others: [{ userId: 'other' }], user: pseudonym }])
  expect(await previewErasure(deps.pool, userId)).toBeUndefined()
  expect(await eraseUser(deps, { userId, ...BY })).toBeUndefined()
  expect(await rows('SELECT user_id FROM erasures')).toEqual([{ user_id: null }])
  expect(await Array.fromAsync(readAuditCalls(createKysely(deps.pool), { actor: BY.actor }))).toMatchObject([
    { subject: 'waiting', userId: 'other' },
    { subject: 'waiting', userId: null },
    { subject: 'chained', userId: 'other' },
    { subject: 'chained', userId: null },
  ])
  expect(await rows('SELECT user_id, key FROM archive_keys')).toEqual([{ user_id: null, key: null }])

  // A later webhook of the user's orders refunds to the pseudonym, and the panel learns it.
  expect(await commitDeliveries(deps, [aDelivery('p-3', 'canceled', '{}')])).toMatchObject([{ outcome: 'applied' }])
  const head = await readChangeFeedEnd(deps.pool)
  const page = await readChanges(deps.pool, { ...head, position: 0 }, 500)
  if (typeof page === 'string') throw new Error(page)
  expect(page.changes.at(-1)).toMatchObject({ userId: pseudonym, order: { orderId: 'M-3', link: 'erased' } })
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('an erased entry of the audit log that no erasure accounts for is reported', async () => {
  await database.owner.query(`ALTER TABLE audit_log DISABLE TRIGGER USER`)
  await database.owner.query(`UPDATE audit_log SET erasure_id = gen_random_uuid(), note = 'x' WHERE action = 'deposit'`)
  const { problems } = await verifyAuditLog(createKysely(deps.pool))
  await database.owner.query(
    `UPDATE audit_log SET erasure_id = (SELECT erasure_id FROM erasures) WHERE action = 'deposit'`,
  )
  await database.owner.query(`ALTER TABLE audit_log ENABLE TRIGGER USER`)
  expect(problems).toEqual([expect.stringContaining('no erasure in the log accounts for it')])
  expect((await verifyAuditLog(createKysely(deps.pool))).problems).toEqual([])
})

test('deliveries of a user who is being erased are parked, and paid once to the pseudonym', async () => {
  const order = { ...anOrder(), userId: 'leaving', orderId: 'C-1', providerOrderId: 'c-1' }
  await registerOrder(deps, order)
  // A process that died after it had marked the account.
  await database.owner.query(`
    INSERT INTO erasures (erasure_id, user_id, pseudonym, actor, actor_name)
    VALUES ('00000000-0000-7000-8000-00000000000e', 'leaving', 'erased-1', 'a', 'a')`)
  await database.owner.query(`UPDATE accounts SET is_erasing = true WHERE user_id = 'leaving'`)
  const locked = await database.owner.connect()
  try {
    await locked.query(`BEGIN; SELECT FROM accounts WHERE user_id = 'leaving' FOR UPDATE`)
    expect(await commitDeliveries(deps, [aDelivery('c-1', 'canceled')])).toEqual([{ outcome: 'parked' }])
  } finally {
    await locked.query('COMMIT')
    locked.release()
  }

  expect([await resumeErasures(deps, 0), await resumeErasures(deps, 0)]).toEqual([1, 0])

  expect(await rows(`SELECT balance::float8 FROM accounts WHERE user_id = 'erased-1'`)).toEqual([{ balance: 2.5 }])
  expect(await rows(`SELECT outcome, body FROM deliveries WHERE provider_order_id = 'c-1'`)).toEqual([
    { outcome: 'applied', body: null },
  ])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('an erasure that fails does not stop the others', async () => {
  for (const userId of ['stuck', 'moving']) {
    await registerOrder(deps, { ...anOrder(), userId, orderId: `S-${userId}`, providerOrderId: `s-${userId}` })
    await database.owner.query(
      `INSERT INTO erasures (erasure_id, user_id, pseudonym, actor, actor_name) VALUES (gen_random_uuid(), $1, $2, 'a', 'a')`,
      [userId, `erased-${userId}`],
    )
  }
  // The pseudonym of the first one is taken.
  await database.owner.query(`INSERT INTO accounts (user_id, currency) VALUES ('erased-stuck', 'USD')`)

  await expect(resumeErasures(deps, 0)).rejects.toThrow('1 of 2 erasures failed')
  expect(await rows(`SELECT user_id FROM erasures WHERE user_id IS NOT NULL`)).toEqual([{ user_id: 'stuck' }])
  await database.owner.query(`DELETE FROM accounts WHERE user_id = 'erased-stuck'`)
  expect(await resumeErasures(deps, 0)).toBe(1)
})

test('a parked delivery does not revert what a later one has applied to the pseudonym', async () => {
  await registerOrder(deps, { ...anOrder(), userId: 'resumed', orderId: 'G-1', providerOrderId: 'g-1' })
  const erasureId = '00000000-0000-7000-8000-00000000000c'
  const { update, ...delivery } = aDelivery('g-1', 'in_progress')
  await database.owner.query(`
    INSERT INTO erasures (erasure_id, user_id, pseudonym, actor, actor_name)
    VALUES ('${erasureId}', 'resumed', 'erased-3', 'a', 'a');
    UPDATE accounts SET is_erasing = true WHERE user_id = 'resumed'`)
  const failed = {
    ...delivery,
    update: { ...update!, status: 'failed' as const },
    receivedAt: new Date(Date.now() - 1_000),
  }
  expect(await commitDeliveries(deps, [failed])).toEqual([{ outcome: 'parked' }])
  // The process dies after this.
  await database.owner.query('SELECT erase_account($1)', [erasureId])
  await commitDeliveries(deps, [aDelivery('g-1', 'in_progress')])

  await resumeErasures(deps, 0)

  expect(await rows(`SELECT status FROM orders WHERE order_id = 'G-1'`)).toEqual([{ status: 'in_progress' }])
  expect(await rows(`SELECT outcome FROM deliveries WHERE provider_order_id = 'g-1' ORDER BY received_at`)).toEqual([
    { outcome: 'stale' },
    { outcome: 'applied' },
  ])
})

test('a person who decides about an order while its user is renamed decides about the order of the pseudonym', async () => {
  const [erasureId, pseudonym] = ['00000000-0000-7000-8000-00000000000d', 'erased-2']
  await registerOrder(deps, { ...anOrder(), userId: 'renamed', orderId: 'D-1', providerOrderId: 'd-1' })
  const { update, ...delivery } = aDelivery('d-1', 'in_progress')
  await commitDeliveries(deps, [{ ...delivery, update: { ...update!, status: 'partial' } }])
  const [review] = await rows<{ id: string }>(`SELECT review_id AS id FROM reviews WHERE order_id = 'D-1'`)
  await database.owner.query(
    `INSERT INTO erasures (erasure_id, user_id, pseudonym, actor, actor_name) VALUES ($1, 'renamed', $2, 'a', 'a')`,
    [erasureId, pseudonym],
  )
  const decision = {
    action: 'refund',
    refund: 100_000_000n,
    status: undefined,
    note: 'n',
    actor: 'Ann',
    keyId: 'k',
  } as const
  const responseOf = (result: unknown): SuccessResponse => ({
    status: 200,
    body: { isDone: typeof result === 'object' },
  })
  const renaming = await database.owner.connect()
  let decisions: Promise<unknown[]>
  try {
    await renaming.query('BEGIN')
    await renaming.query('SELECT erase_account($1)', [erasureId])
    const moved = { provider: 'godofpanel', providerOrderId: 'd-2' }
    decisions = Promise.all([
      commitOnce(deps, undefined, async (tx) => responseOf(await resolveReview(tx, review!.id, decision))),
      commitOnce(deps, undefined, async (tx) => responseOf(await attachProviderOrder(tx, 'D-1', moved, 'k'))),
    ])
    await eventually(async () => {
      const [waiting] = await rows<{ count: number }>(
        `SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return waiting!.count === 2
    })
  } finally {
    await renaming.query('COMMIT')
    renaming.release()
  }
  const done = { status: 200, json: '{"isDone":true}', isReplay: false }
  expect(await decisions).toEqual([done, done])
  expect(await rows(`SELECT balance::float8 FROM accounts WHERE user_id = $1`, [pseudonym])).toEqual([{ balance: 1 }])
  expect(await ledgerViolations(database.owner)).toEqual({})
  await resumeErasures(deps, 0)
})

test('deliveries of a provider order that was moved belong to the order that had it when they arrived', async () => {
  const register = (orderId: string, userId: string, providerOrderId: string | null) =>
    registerOrder(deps, {
      ...anOrder(),
      orderId,
      userId,
      providerOrderId,
      provider: providerOrderId === null ? null : 'godofpanel',
    })
  const move = (orderId: string, providerOrderId: string) =>
    commitChangeSet(deps, (tx) => attachProviderOrder(tx, orderId, { provider: 'godofpanel', providerOrderId }, 'k'))
  const receive = (providerOrderId: string, body: string) =>
    commitDeliveries(deps, [aDelivery(providerOrderId, 'in_progress', body)])
  await register('E-1', 'leaver', 'e-1')
  await register('F-1', 'stayer', 'f-1')
  await receive('e-1', 'of leaver 1')
  await receive('f-1', 'of stayer 1')
  await move('E-1', 'e-2')
  await receive('e-1', 'of no order, then stayer')
  await move('F-1', 'e-1')
  await receive('f-1', 'of no order')
  await receive('e-1', 'of stayer 2')
  await move('E-1', 'e-3')
  await receive('e-2', 'of no order, lastly leaver')
  await register('E-2', 'leaver', 'f-1')
  await receive('f-1', 'of leaver 2')

  await eraseUser(deps, { userId: 'leaver', ...BY })

  const kept = await rows<{ body: string }>(`SELECT body FROM deliveries WHERE body LIKE 'of %' ORDER BY received_at`)
  expect(kept.map(({ body }) => body)).toEqual(['of stayer 1', 'of no order, then stayer', 'of stayer 2'])
})

test('an erasure changes no amount, and without one nothing changes', async () => {
  const change = (sql: string) => database.owner.query(`SET LOCAL paxyo.erasure = 'on'; ${sql}`)
  await expect(database.owner.query(`UPDATE ledger_entries SET user_id = 'other'`)).rejects.toThrow(/append-only/)
  await expect(change(`UPDATE ledger_entries SET amount = amount + 1`)).rejects.toThrow(/changes only user_id/)
  await expect(change(`UPDATE events SET seq = seq + 1`)).rejects.toThrow(/changes only user_id, payload, compact/)
  await expect(change(`DELETE FROM ledger_entries`)).rejects.toThrow(/append-only/)
  await expect(change(`UPDATE audit_log_signatures SET signed_at = now()`)).rejects.toThrow(/append-only/)
})

test('every column that can hold a user is decided', async () => {
  const columns = await rows<{ name: string }>(`
    SELECT format('%s.%s', relname, attname) AS name FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = current_schema()::regnamespace AND attnum > 0
      AND NOT attisdropped AND relname !~ '^kysely_'
      AND atttypid::regtype::text IN ('text', 'text[]', 'json', 'jsonb', 'bytea', 'character varying', 'inet')
    ORDER BY 1`)
  const decided = Object.values(ERASURE_DECISIONS).flatMap((tables) =>
    Object.entries(tables).flatMap(([table, names]) => names.map((column) => `${table}.${column}`)),
  )
  expect(decided.toSorted()).toEqual(columns.map(({ name }) => name).toSorted())
})
