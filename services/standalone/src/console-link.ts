import { connectionConfig, createKysely, createOwnerLink, listOperators } from '@paxyo/database'
import pg from 'pg'

/** The server ends the transaction of a process that was stopped in between: services may wait for its locks. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000
const BY = { actor: 'command line', actorName: 'standalone', address: null }

export interface ConsoleLinkOptions {
  /** Of the database's owner. */
  readonly url: string
  readonly address: string
  /** Whether the output may contain a secret. */
  readonly isPrivate: boolean
}

/** The address of the console; with a one-time link while there is no operator. */
export async function consoleLink({ url, address, isPrivate }: ConsoleLinkOptions): Promise<string> {
  const page = `${address}/console/`
  if (!isPrivate) return page
  const pool = new pg.Pool({
    ...connectionConfig(url),
    max: 1,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  })
  pool.on('error', () => undefined)
  const db = createKysely(pool)
  try {
    const operators = await listOperators(db)
    if (operators.some(({ state }) => state === 'active')) return page
    const { token } = await createOwnerLink(db, BY)
    return `${page}#link=${token}`
  } finally {
    await db.destroy()
  }
}
