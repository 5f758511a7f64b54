import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { startLocalPostgres } from '@paxyo/local-postgres'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg, { type Pool } from 'pg'
import { createPool } from '../src/connect.ts'
import { migrateToLatest } from '../src/migrate.ts'
import { DATABASE_ROLES, type DatabaseRole } from '../src/roles.ts'
import { insertAllSamples } from './sample-rows.ts'

const PERMISSION_DENIED = '42501'

let database: TestDatabase
const pools = {} as Record<DatabaseRole, Pool>
beforeAll(async () => {
  database = await createTestDatabase()
  await insertAllSamples(database.owner)
  for (const role of Object.keys(DATABASE_ROLES) as DatabaseRole[]) pools[role] = database.poolAs(role)
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

/** Privileges on a table; `UPDATE column` for every column that may be changed. */
type Rights = readonly string[]

/** Every table, with the services' privileges. Partitions are tables, too; no service has a privilege on them. */
const RIGHTS: Readonly<Record<string, Readonly<Record<DatabaseRole, Rights>>>> = {
  accounts: {
    ingest: [
      'SELECT',
      'INSERT',
      'UPDATE balance',
      'UPDATE balance_mode',
      'UPDATE is_erasing',
      'UPDATE last_seq',
      'UPDATE order_counts',
      'UPDATE refunded',
      'UPDATE totals_seq',
    ],
    gateway: ['SELECT'],
  },
  orders: {
    ingest: [
      'SELECT',
      'INSERT',
      'UPDATE provider',
      'UPDATE provider_order_id',
      'UPDATE refunded',
      'UPDATE remains',
      'UPDATE start_count',
      'UPDATE status',
      'UPDATE updated_at',
    ],
    gateway: ['SELECT'],
  },
  deliveries: { ingest: ['SELECT', 'INSERT', 'UPDATE outcome', 'UPDATE reason', 'UPDATE waiting_update'], gateway: [] },
  repeatable_delivery_ids: { ingest: ['SELECT', 'INSERT'], gateway: [] },
  ledger_entries: { ingest: ['SELECT', 'INSERT'], gateway: [] },
  events: { ingest: ['SELECT', 'INSERT'], gateway: ['SELECT'] },
  changed_deliveries: { ingest: [], gateway: [] },
  maintenance_runs: { ingest: ['SELECT'], gateway: [] },
  outbox: { ingest: ['SELECT', 'INSERT', 'DELETE'], gateway: ['SELECT'] },
  reviews: {
    ingest: [
      'SELECT',
      'INSERT',
      'UPDATE count',
      'UPDATE detail',
      'UPDATE last_at',
      'UPDATE resolution',
      'UPDATE resolution_note',
      'UPDATE resolution_refund_id',
      'UPDATE resolution_status',
      'UPDATE resolved_at',
      'UPDATE resolved_by',
      'UPDATE resolved_with',
    ],
    gateway: [],
  },
  operator_actions: { ingest: ['SELECT', 'INSERT'], gateway: [] },
  reconciliations: { ingest: ['SELECT', 'INSERT', 'UPDATE asked_at', 'UPDATE tried_at'], gateway: [] },
  reconcile_runs: {
    ingest: [
      'SELECT',
      'INSERT',
      'DELETE',
      'UPDATE asked',
      'UPDATE changed',
      'UPDATE ended_at',
      'UPDATE error',
      'UPDATE late',
    ],
    gateway: [],
  },
  provider_order_changes: { ingest: ['SELECT', 'INSERT'], gateway: [] },
  rejected_requests: {
    ingest: ['SELECT', 'INSERT', 'DELETE', 'UPDATE count', 'UPDATE last_received_at', 'UPDATE replayed_at'],
    gateway: [],
  },
  verifications: {
    ingest: [
      'SELECT',
      'INSERT',
      'UPDATE attempts',
      'UPDATE created_at',
      'UPDATE due_at',
      'UPDATE last_error',
      'UPDATE response',
      'UPDATE settled_at',
    ],
    gateway: [],
  },
  refund_feed: { ingest: ['SELECT', 'UPDATE last_position'], gateway: [] },
  change_feed: { ingest: ['SELECT', 'INSERT', 'UPDATE last_position'], gateway: [] },
  change_feed_head: { ingest: ['SELECT', 'UPDATE position'], gateway: [] },
  outgoing_webhooks: {
    ingest: [
      'SELECT',
      'INSERT',
      'UPDATE attempt_history',
      'UPDATE attempted_at',
      'UPDATE attempts',
      'UPDATE due_at',
      'UPDATE is_sending',
      'UPDATE last_error',
      'UPDATE last_status',
      'UPDATE settled_at',
      'UPDATE state',
    ],
    gateway: [],
  },
  outgoing_webhook_endpoints: {
    ingest: [
      'SELECT',
      'INSERT',
      'DELETE',
      'UPDATE ca',
      'UPDATE is_enabled',
      'UPDATE is_insecure',
      'UPDATE position',
      'UPDATE secrets',
      'UPDATE types',
      'UPDATE url',
    ],
    gateway: [],
  },
  connection_cutoffs: {
    ingest: ['SELECT', 'INSERT', 'UPDATE disconnected_at', 'UPDATE set_at', 'UPDATE tokens_issued_before'],
    gateway: ['SELECT'],
  },
  revoked_tokens: { ingest: ['SELECT', 'INSERT', 'UPDATE expires_at'], gateway: ['SELECT'] },
  mapped_words: {
    ingest: ['SELECT', 'INSERT', 'UPDATE mapped_at', 'UPDATE mapped_by', 'UPDATE status'],
    gateway: [],
  },
  receipts: { ingest: ['SELECT', 'INSERT'], gateway: [] },
  service_secrets: {
    ingest: ['SELECT', 'INSERT', 'DELETE', 'UPDATE reported_at', 'UPDATE used_at'],
    gateway: [],
  },
  sent_positions: { ingest: ['SELECT', 'INSERT'], gateway: [] },
  erasures: { ingest: ['SELECT', 'INSERT', 'UPDATE finished_at', 'UPDATE user_id'], gateway: [] },
  archive_keys: { ingest: [], gateway: [] },
  stream_epoch: {
    ingest: ['SELECT', 'UPDATE epoch', 'UPDATE is_synchronous', 'UPDATE timeline'],
    gateway: ['SELECT'],
  },
  api_keys: { ingest: ['SELECT', 'INSERT', 'UPDATE last_used_at', 'UPDATE revoked_at'], gateway: [] },
  revoked_keys: { ingest: ['SELECT', 'INSERT'], gateway: [] },
  operators: {
    ingest: [
      'SELECT',
      'INSERT',
      'UPDATE disabled_at',
      'UPDATE last_seen_at',
      'UPDATE password_hash',
      'UPDATE refund_limit',
      'UPDATE role',
      'UPDATE totp_pending',
      'UPDATE totp_secret',
      'UPDATE totp_step',
    ],
    gateway: [],
  },
  operator_links: { ingest: ['SELECT', 'INSERT', 'UPDATE used_at'], gateway: [] },
  operator_passkeys: {
    ingest: ['SELECT', 'INSERT', 'DELETE', 'UPDATE last_used_at', 'UPDATE sign_count'],
    gateway: [],
  },
  passkey_challenges: { ingest: ['SELECT', 'INSERT', 'DELETE'], gateway: [] },
  operator_sessions: { ingest: ['SELECT', 'INSERT', 'DELETE'], gateway: [] },
  operations_tickets: { ingest: ['SELECT', 'INSERT', 'DELETE'], gateway: ['SELECT', 'DELETE'] },
  operator_refunds: { ingest: ['SELECT', 'INSERT'], gateway: [] },
  audit_log: { ingest: ['SELECT', 'INSERT'], gateway: [] },
  // Inserted without the time and the place, which the database decides.
  audit_calls: { ingest: ['SELECT'], gateway: [] },
  audit_call_groups: { ingest: ['SELECT'], gateway: [] },
  audit_call_users: { ingest: ['SELECT'], gateway: [] },
  audit_log_signatures: { ingest: ['SELECT'], gateway: [] },
  idempotency_keys: { ingest: ['SELECT', 'INSERT'], gateway: [] },
  kysely_migration: { ingest: [], gateway: [] },
  kysely_migration_lock: { ingest: [], gateway: [] },
  'a partition': { ingest: [], gateway: [] },
}

/** All tables with their columns, without generated ones, which no statement can write. */
async function findTables(): Promise<Map<string, string[]>> {
  const { rows } = await database.owner.query<{ table: string; columns: string[] }>(
    `SELECT relname AS table, array_agg(attname::text ORDER BY attname) AS columns
     FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
       AND attgenerated = ''
     WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relnamespace = 'public'::regnamespace
     GROUP BY relname`,
  )
  return new Map(rows.map(({ table, columns }) => [table, columns]))
}

const ruleFor = (table: string): string => (/^(?:events|deliveries)_/.test(table) ? 'a partition' : table)

/** Tries everything on a table, without touching a row. */
async function findRights(pool: Pool, table: string, columns: readonly string[]): Promise<Rights> {
  const attempts = [
    ['SELECT', `SELECT * FROM ${table} LIMIT 0`],
    [
      'INSERT',
      `INSERT INTO ${table} (${columns.join()}) SELECT ${columns.join()} FROM jsonb_populate_recordset(NULL::${table}, '[]')`,
    ],
    ['DELETE', `DELETE FROM ${table} WHERE false`],
    ['TRUNCATE', `TRUNCATE ${table}`],
    ...columns.map((column) => [`UPDATE ${column}`, `UPDATE ${table} SET ${column} = NULL WHERE false`]),
  ] as const
  const rights = []
  for (const [right, statement] of attempts) {
    // PostgreSQL checks privileges before triggers: a statement that a trigger rejects was granted.
    const rejection = await rejectionOf(pool.query(statement))
    if (rejection?.startsWith('permission denied') !== true) rights.push(right)
  }
  return rights
}

/** @returns undefined when it was not rejected. */
async function rejectionOf(attempt: Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt
    return undefined
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code !== PERMISSION_DENIED) throw error
    return message
  }
}

describe('the rights of the services', () => {
  test('are laid down for every table', async () => {
    const tables = [...(await findTables()).keys()].map(ruleFor)

    expect(new Set(tables)).toEqual(new Set(Object.keys(RIGHTS)))
  })

  const cases = Object.entries(RIGHTS).flatMap(([table, byRole]) =>
    Object.entries(byRole).map(
      ([role, rights]) => [role as DatabaseRole, rights.join(', ') || 'nothing', table] as const,
    ),
  )
  test.each(cases)('%s: %s on %s', async (role, rights, rule) => {
    const tables = [...(await findTables())].filter(([table]) => ruleFor(table) === rule)

    expect(tables).not.toEqual([])
    for (const [table, columns] of tables) {
      expect([table, (await findRights(pools[role], table, columns)).join(', ') || 'nothing']).toEqual([table, rights])
    }
  })

  test.each(['ingest', 'gateway'] as const)('%s can neither make tables nor take on the other role', async (role) => {
    const other = role === 'ingest' ? DATABASE_ROLES.gateway : DATABASE_ROLES.ingest
    const { rows } = await pools[role].query(
      `SELECT current_user, has_schema_privilege('public', 'CREATE') AS can_create,
              pg_has_role(current_user, $1, 'MEMBER') AS is_other`,
      [other],
    )

    expect(rows).toEqual([{ current_user: DATABASE_ROLES[role], can_create: false, is_other: false }])
  })
})

test('ingest changes what a webhook changes, and clears the outbox', async () => {
  for (const statement of [
    `UPDATE accounts SET balance = 10, last_seq = 2`,
    `UPDATE orders SET status = 'partial', remains = 300, start_count = 5, refunded = 0.75, updated_at = now()`,
    `UPDATE deliveries SET outcome = 'applied', reason = NULL`,
    `UPDATE reviews SET resolved_at = now(), resolved_by = 'ann', resolved_with = 'panel', resolution = 'set_status',
       resolution_status = 'completed', resolution_note = 'the provider says so'`,
    `UPDATE reviews SET count = count + 1, last_at = now()`,
    `DELETE FROM outbox`,
  ]) {
    expect((await pools.ingest.query(statement)).rowCount).toBe(1)
  }
})

test('a gateway reads when a session ends, but not from where it was opened', async () => {
  const read = (what: string) => rejectionOf(pools.gateway.query(`SELECT ${what}`))
  expect(await read('session_hash, operator_id, expires_at FROM operator_sessions')).toBeUndefined()
  expect(await read('operator_id, disabled_at FROM operators')).toBeUndefined()
  expect(await read('address FROM operator_sessions')).toMatch(/^permission denied/)
  expect(await read('password_hash FROM operators')).toMatch(/^permission denied/)
})

describe('the owner, a superuser, cannot change what is append-only', () => {
  test.each(['ledger_entries', 'events', 'its default partition', 'its partition of today'])('%s', async (name) => {
    const { owner } = database
    // A row in the default partition, beside the one in today's.
    await owner.query(`INSERT INTO events VALUES ('user-1', 1, '2001-01-01Z', '{}') ON CONFLICT DO NOTHING`)
    const { rows } = await owner.query<{ partition: string }>(
      `SELECT tableoid::regclass::text AS partition FROM events`,
    )
    const table = {
      'its default partition': rows.find(({ partition }) => partition === 'events_default')?.partition,
      'its partition of today': rows.find(({ partition }) => partition !== 'events_default')?.partition,
    }[name]
    const target = table ?? name
    const column = name === 'ledger_entries' ? 'amount' : 'payload'

    const statements = [
      `UPDATE ${target} SET ${column} = ${column}`,
      `DELETE FROM ${target}`,
      // A referenced table is rejected before its trigger runs, unless the referencing tables are truncated with it.
      ...(name === 'ledger_entries' ? [] : [`TRUNCATE ${target}`]),
      `TRUNCATE ${target} CASCADE`,
    ]
    for (const statement of statements) {
      expect(await rejectionOf(owner.query(statement))).toMatch(/ is rejected: its rows are append-only$/)
    }
    expect((await owner.query(`SELECT FROM ${target}`)).rowCount).toBeGreaterThan(0)
  })
})

test('an owner who is no superuser, as providers of databases give out, gets along with one login', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'paxyo-owner-'))
  const server = await startLocalPostgres({ dataDir: join(folder, 'data'), password: 'p', settings: { fsync: 'off' } })
  try {
    const superuser = new pg.Client({ connectionString: server.url })
    await superuser.connect()
    await superuser.query(`CREATE ROLE panel LOGIN CREATEROLE PASSWORD 'p'`)
    await superuser.query('CREATE DATABASE panel OWNER panel')
    await superuser.end()
    const url = server.url.replace('//postgres:', '//panel:').replace(/postgres$/, 'panel')
    await migrateToLatest(url)

    for (const [role, name] of Object.entries(DATABASE_ROLES) as [DatabaseRole, string][]) {
      const pool = createPool({ url, role, name: 'test', max: 1 })
      const { rows } = await pool.query(
        'SELECT session_user, current_user, epoch IS NOT NULL AS reads FROM stream_epoch',
      )
      expect(rows).toEqual([{ session_user: 'panel', current_user: name, reads: true }])
      await pool.end()
    }
  } finally {
    await server.stop()
    await rm(folder, { recursive: true })
  }
})
