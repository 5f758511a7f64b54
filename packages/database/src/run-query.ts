import type { Compilable } from 'kysely'
import type { ClientBase, Pool } from 'pg'

/**
 * Runs a Kysely query on a checked-out connection, as part of its transaction and round trip.
 *
 * @example
 * await runQuery(pool, createKysely(pool).selectFrom('accounts').select('user_id')) //=> []
 */
export async function runQuery<Row>(client: ClientBase | Pool, query: Compilable<Row>): Promise<Row[]> {
  const { sql, parameters } = query.compile()
  const { rows } = await client.query(sql, [...parameters])
  return rows as Row[]
}
