import type { Pool, PoolClient, QueryResult } from 'pg'
import { isDatabaseUnavailable, NotConnectedError, RolledBackError } from './database-errors.ts'

/**
 * Runs `work` in a transaction on a separate connection and commits it. BEGIN is sent with work's first statements, and
 * COMMIT with the statements of `last`: a transaction of one read and one write takes two round trips.
 *
 * @param last sends the last statements, without waiting for them; COMMIT follows in the same round trip.
 * @returns the result of `work`.
 * @throws the first error of a statement, and then the transaction is rolled back; `RolledBackError` when COMMIT did not
 *   commit; `NotConnectedError` when there is no connection. A broken connection is discarded: the outcome is then
 *   unknown.
 * @example
 * const READ = 'SELECT count(*)::int AS accounts FROM accounts'
 * const read = await transaction(pool, (client) => client.query(READ))
 * read.rows //=> [{ accounts: 0 }]
 */
export async function transaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  last: (client: PoolClient, result: T) => readonly Promise<unknown>[] = () => [],
): Promise<T> {
  const client = await connect(pool)
  let broken = false
  try {
    // Even BEGIN can be canceled. The statements after it would then hold no locks and commit one by one, so the
    // connection is destroyed before work can continue.
    client.query('BEGIN').catch(() => client.connection.stream.destroy())
    const result = await work(client)
    const statements = last(client, result)
    const commit = client.query('COMMIT')
    await roundTrip([...statements, commit])
    assertCommitted(await commit)
    return result
  } catch (error) {
    broken = isDatabaseUnavailable(error)
    if (!broken) await client.query('ROLLBACK').catch(() => (broken = true))
    throw error
  } finally {
    client.release(broken)
  }
}

/**
 * Runs `work` on a separate connection, without a transaction: all of its statements reach the same server. During a failover
 * another connection of the pool may lead to another one.
 *
 * @throws the errors of `work`; `NotConnectedError` when there is no connection.
 * @example
 * const { rows } = await withConnection(pool, (client) => client.query('SELECT 1 AS one'))
 * rows //=> [{ one: 1 }]
 */
export async function withConnection<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await connect(pool)
  let broken = false
  try {
    return await work(client)
  } catch (error) {
    broken = isDatabaseUnavailable(error)
    throw error
  } finally {
    client.release(broken)
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw new NotConnectedError(`no connection to the database: ${(error as Error).message}`, { cause: error })
  }
}

/**
 * Waits for all statements of a round trip: they were sent together, and their responses arrive in the same order.
 *
 * @throws the first error: later ones only report that the transaction is aborted.
 * @example
 * const [one, two] = await transaction(pool, (client) => roundTrip([client.query('SELECT 1 AS n'), client.query('SELECT 2 AS n')]))
 * one.rows.concat(two.rows) //=> [{ n: 1 }, { n: 2 }]
 */
export async function roundTrip<const Queries extends readonly (Promise<unknown> | undefined)[]>(
  queries: Queries,
): Promise<{ readonly [Index in keyof Queries]: Awaited<Queries[Index]> }> {
  const settled = await Promise.allSettled(queries.map((query) => Promise.resolve(query)))
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return settled.map((result) => (result.status === 'fulfilled' ? result.value : undefined)) as never
}

/**
 * PostgreSQL responds to COMMIT in an aborted transaction with ROLLBACK, which the driver does not report as an error.
 *
 * @throws RolledBackError when nothing was committed.
 */
function assertCommitted(result: QueryResult): void {
  if (result.command !== 'COMMIT') throw new RolledBackError(`COMMIT returned ${result.command}`)
}
