import { API_KEYS_MAX, createApiKey, createKysely, listApiKeys, revokeApiKey, type Database } from '@paxyo/database'
import type { Kysely } from 'kysely'
import pg from 'pg'
import type { Cli } from '../cli.ts'
import { explainDatabaseError } from '../explain-database-error.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import { settings } from '../settings.ts'

const NAME_LENGTH_MAX = 100
const CONNECT_TIMEOUT_MS = 5_000

export const createKey = (cli: Cli, name: string): Promise<void> => withDatabase(cli, (db) => create(cli, db, name))
export const listKeys = (cli: Cli): Promise<void> => withDatabase(cli, (db) => list(cli, db))
export const revokeKey = (cli: Cli, keyId: string): Promise<void> => withDatabase(cli, (db) => revoke(cli, db, keyId))

async function create(cli: Cli, db: Kysely<Database>, name: string): Promise<void> {
  if (name.trim() === '' || name.length > NAME_LENGTH_MAX || printable(name) !== name) {
    throw new Failure('usage', `a key's name is 1 to ${NAME_LENGTH_MAX} printable characters`)
  }
  const created = await createApiKey(db, name)
  if (created === undefined) {
    throw new Failure(
      'rejected',
      `the maximum of ${API_KEYS_MAX} active keys is reached`,
      'Revoke one: paxyo keys list.',
    )
  }
  // Alone on the output, so that KEY=$(paxyo keys create …) works.
  cli.print({ ...created, name }, () => created.key)
  if (!cli.asJson) cli.err('Store it now: it cannot be shown again.\n')
}

async function list(cli: Cli, db: Kysely<Database>): Promise<void> {
  const keys = await listApiKeys(db)
  cli.print(keys, () =>
    keys.length === 0
      ? 'No keys.'
      : table([
          ['key', 'name', 'created', 'last used', 'state'].map((heading) => cli.style('bold', heading)),
          ...keys.map(({ keyId, name, createdAt, lastUsedAt, revokedAt }) => [
            keyId,
            printable(name),
            createdAt.toISOString(),
            lastUsedAt?.toISOString() ?? 'never',
            revokedAt === null ? cli.style('green', 'active') : `revoked ${revokedAt.toISOString()}`,
          ]),
        ]),
  )
}

async function revoke(cli: Cli, db: Kysely<Database>, keyId: string): Promise<void> {
  if (!(await revokeApiKey(db, keyId))) throw new Failure('not_found', 'no such active key')
  const shown = keyId.split('_', 2).join('_')
  cli.print({ revoked: shown }, () => `${shown} is revoked.`)
}

async function withDatabase(cli: Cli, work: (db: Kysely<Database>) => Promise<void>): Promise<void> {
  const { DATABASE_URL: url } = await settings(cli.env, ['DATABASE_URL'])
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    application_name: 'paxyo-keys',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  pool.on('error', () => undefined)
  const db = createKysely(pool)
  try {
    await work(db)
  } catch (error) {
    throw explainDatabaseError(error, url)
  } finally {
    await db.destroy()
  }
}
