import { MIGRATION_NAMES } from '../migrate.ts'
import type { ReadSession } from './read-session.ts'
import { failed, ok, warning, type Diagnostic } from './diagnostic.ts'

const READ_STATE = `
  SELECT current_database() AS database,
    to_regclass('kysely_migration') IS NOT NULL AS "isOurs",
    to_regclass('kysely_migration') IS NULL
      OR has_table_privilege(to_regclass('kysely_migration'), 'SELECT') AS "mayRead",
    (SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
     WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace) AS tables`

interface State {
  readonly database: string
  readonly isOurs: boolean
  readonly mayRead: boolean
  readonly tables: readonly string[] | null
}

const TABLES_SHOWN_MAX = 4

/** Checks that the database is the right one, and up to date. */
export async function diagnoseMigrations(database: ReadSession): Promise<Diagnostic> {
  const [state] = await database.query<State>(READ_STATE)
  const { database: name, isOurs, mayRead, tables } = state!
  if (!isOurs) return notOurs(name, tables ?? [])
  if (!mayRead) return warning('migrations', 'only the owner can read them', 'Run paxyo doctor as the owner once.')

  const rows = await database.query<{ name: string }>('SELECT name FROM kysely_migration')
  const applied = new Set(rows.map((row) => row.name))
  const pending = MIGRATION_NAMES.filter((migration) => !applied.has(migration))
  if (pending.length > 0) {
    return failed('migrations', `pending: ${pending.join(', ')}`, 'Run paxyo migrate as the owner of the database.')
  }
  const unknown = [...applied].filter((migration) => !MIGRATION_NAMES.includes(migration))
  if (unknown.length === 0) return ok('migrations', `up to date (${MIGRATION_NAMES.at(-1)})`)
  const message = `the database has migrations that this version does not know: ${unknown.join(', ')}`
  return warning('migrations', message, 'Update this program.')
}

function notOurs(name: string, tables: readonly string[]): Diagnostic {
  if (tables.length === 0) {
    const hint = 'Run paxyo migrate, or correct the name of the database in DATABASE_URL.'
    return failed('migrations', `the database "${name}" is empty`, hint)
  }
  const shown = tables.slice(0, TABLES_SHOWN_MAX).join(', ') + (tables.length > TABLES_SHOWN_MAX ? ', …' : '')
  const message = `the database "${name}" belongs to another program: its tables are ${shown}`
  return failed('migrations', message, 'Correct the name of the database in DATABASE_URL.')
}
