import { createKysely, createOwnerLink, listOperators } from '@paxyo/database'
import pg from 'pg'

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
  const pool = new pg.Pool({ connectionString: url, max: 1 })
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
