import type { Pool, PoolClient } from 'pg'

/**
 * Does work that only one process may do at a time. Its lock belongs to a session, which holds back no vacuum.
 *
 * @param pool of at least two connections, one of which has the lock.
 * @returns undefined when another process does this work.
 */
export async function oneAtATime<T>(pool: Pool, name: string, work: () => Promise<T>): Promise<T | undefined> {
  const client = await pool.connect()
  try {
    return (await tryLock(client, name)) ? await whileLocked(client, name, work) : undefined
  } finally {
    client.release()
  }
}

async function whileLocked<T>(client: PoolClient, name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    await unlock(client, name)
  }
}

async function tryLock(client: PoolClient, name: string): Promise<boolean> {
  const text = 'SELECT pg_try_advisory_lock(hashtext($1)) AS locked'
  return (await client.query<{ locked: boolean }>(text, [name])).rows[0]!.locked
}

/** The end of a session is the end of its locks. */
async function unlock(client: PoolClient, name: string): Promise<void> {
  await client.query('SELECT pg_advisory_unlock(hashtext($1))', [name]).catch(() => undefined)
}
