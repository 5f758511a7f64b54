import { startLocalPostgres } from '@paxyo/local-postgres'
import { StartError } from '@paxyo/service-kit'
import { join } from 'node:path'
import pg from 'pg'

/** The database of a standalone. Disposing it stops the embedded server. */
export interface StandaloneDatabase extends AsyncDisposable {
  /** The owner's connection string. */
  readonly url: string
}

export interface DatabaseOptions {
  /** A database to use instead of the embedded one. */
  readonly url: string | undefined
  readonly dataDir: string
  readonly password: string
}

/** Any number. The lock prevents two standalones from sharing an embedded database, which one of them would stop. */
const LOCK_KEY = 7_298_340

/**
 * @throws Error when another standalone uses the same data folder.
 */
export async function openDatabase({ url, dataDir, password }: DatabaseOptions): Promise<StandaloneDatabase> {
  if (url !== undefined) return { url, [Symbol.asyncDispose]: () => Promise.resolve() }

  const server = await startLocalPostgres({ dataDir: join(dataDir, 'postgres'), password })
  const lock = new pg.Client({ connectionString: server.url })
  lock.on('error', () => undefined)
  await lock.connect()
  const { rows } = await lock.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [LOCK_KEY])
  if (rows[0]?.locked !== true) {
    await lock.end()
    throw new StartError(`another process uses ${dataDir}: stop it first, or set DATA_DIR to another folder`)
  }
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await lock.end()
      await server.stop()
    },
  }
}
