import { Kysely, PostgresDialect } from 'kysely'
import type { Migration } from 'kysely/migration'
import pg from 'pg'

/** Tables with few rows: what is forbidden for the others takes no time there. */
const SMALL_TABLES: ReadonlySet<string> = new Set([
  'api_keys',
  'change_feed_head',
  'operator_links',
  'operators',
  'outgoing_webhook_endpoints',
  'reconcile_runs',
  'revoked_keys',
  'stream_epoch',
])

/** The tables of a webhook's transaction, in the order in which it locks them first. */
const WEBHOOK_LOCK_ORDER = [
  'accounts',
  'orders',
  'deliveries',
  'repeatable_delivery_ids',
  'ledger_entries',
  'refund_feed',
  'change_feed',
  'events',
  'reviews',
  'verifications',
  'outbox',
]

/** Of each table, what the catalog says of it; without small tables. */
type Catalog = ReadonlyMap<string, TableState>

interface TableState {
  readonly file: string
  readonly columns: readonly string[]
  readonly notNullColumns: readonly string[]
  readonly indexes: readonly string[]
  /** Validated checks and foreign keys. */
  readonly constraints: readonly string[]
}

const READ_CATALOG = `
  SELECT relname AS name, coalesce(pg_relation_filenode(oid), 0)::text AS file,
    ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0) AS columns,
    ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0 AND attnotnull)
      AS "notNullColumns",
    ARRAY(SELECT indexrelid::regclass::text || ' (' || indexrelid || ')' FROM pg_index WHERE indrelid = pg_class.oid) AS indexes,
    ARRAY(SELECT conname::text FROM pg_constraint WHERE conrelid = pg_class.oid AND contype IN ('c', 'f') AND convalidated)
      AS constraints
  FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace ORDER BY relname`

// Those that conflict with a write. A partition counts as its table.
const READ_LOCKS = `
  SELECT DISTINCT regexp_replace(relname, '_(default|\\d{4}_\\d\\d_\\d\\d)$', '') AS name
  FROM pg_locks JOIN pg_class ON pg_class.oid = relation
  WHERE pid = pg_backend_pid() AND locktype = 'relation'
    AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`

/**
 * Applies a migration to a database that has those before it, and compares the catalog before and after. A migration may do
 * nothing that makes webhooks wait for longer than a change of the catalog takes, however large the tables are.
 *
 * @returns what it does that it must not; empty when nothing.
 */
export async function checkMigration(url: string, migration: Migration): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const before = await readCatalog(client)
    const { lockedTables, statements } = await apply(client, migration, before)
    const after = await readCatalog(client)
    return [...findBlockingChanges(before, after), ...findDisorder(lockedTables), ...findBackfills(statements, before)]
  } finally {
    await client.end()
  }
}

async function readCatalog(client: pg.Client): Promise<Catalog> {
  const { rows } = await client.query<TableState & { name: string }>(READ_CATALOG)
  return new Map(rows.filter(({ name }) => !SMALL_TABLES.has(name)).map((row) => [row.name, row]))
}

/** @returns the statements, and the tables that were there before, in the order in which they were locked. */
async function apply(client: pg.Client, migration: Migration, before: Catalog) {
  const lockedTables: string[] = []
  const statements: string[] = []
  const observed = {
    async query(text: string, values: unknown[]) {
      const result = await client.query(text, values)
      statements.push(text)
      const { rows } = await client.query<{ name: string }>(READ_LOCKS)
      const names = rows.map(({ name }) => name).filter((name) => before.has(name) && !lockedTables.includes(name))
      lockedTables.push(...names.toSorted((a, b) => place(a) - place(b)))
      return result
    },
    release: () => undefined,
  }
  const pool = { connect: () => Promise.resolve(observed), end: () => Promise.resolve() } as unknown as pg.Pool
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  await db.transaction().execute((transaction) => migration.up(transaction))
  return { lockedTables, statements }
}

function findBlockingChanges(before: Catalog, after: Catalog): string[] {
  return [...before].flatMap(([table, was]) => {
    const is = after.get(table)
    if (is === undefined) return []
    const newNotNull = is.notNullColumns.filter((one) => was.columns.includes(one) && !was.notNullColumns.includes(one))
    return [
      ...(is.file === was.file ? [] : [`${table} is rewritten: add a column without a default that is computed`]),
      ...added(was.indexes, is.indexes).map(
        (name) => `${table}: ${name} is built under a lock: use concurrent-indexes.ts`,
      ),
      ...added(was.constraints, is.constraints).map(
        (name) => `${table}: ${name} reads all rows under a lock: NOT VALID`,
      ),
      ...newNotNull.map(
        (name) => `${table}: NOT NULL of ${name} reads all rows under a lock: a CHECK that is NOT VALID`,
      ),
    ]
  })
}

const added = (before: readonly string[], after: readonly string[]): string[] =>
  after.filter((one) => !before.includes(one))

const place = (table: string): number => WEBHOOK_LOCK_ORDER.indexOf(table)

/** A webhook that has the lock of the later table and waits for that of the earlier one is a deadlock. */
function findDisorder(lockedTables: readonly string[]): string[] {
  const ofWebhooks = lockedTables.filter((table) => place(table) >= 0)
  return ofWebhooks.flatMap((table, index) => {
    const previous = ofWebhooks[index - 1]
    return previous !== undefined && place(previous) > place(table)
      ? [`${table} is locked after ${previous}, and by webhooks before it: a deadlock`]
      : []
  })
}

/** Rows are changed in batches, after the migrations. */
function findBackfills(statements: readonly string[], before: Catalog): string[] {
  return statements
    .flatMap((text) => text.replaceAll(/\$\$[\s\S]*?\$\$|--.*$/gm, '').split(';'))
    .flatMap((statement) => {
      const [, table] = /^\s*(?:WITH\b[\s\S]*\)\s*)?(?:UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?(\w+)/i.exec(statement) ?? []
      return table !== undefined && before.has(table)
        ? [`all rows of ${table} are changed in one transaction: use batches`]
        : []
    })
}
