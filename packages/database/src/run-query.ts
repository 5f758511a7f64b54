import type { Compilable } from 'kysely'
import type { ClientBase, Pool } from 'pg'

/** Runs a query that Kysely has built on a connection of ours, as a part of its transaction and of its round trip. */
export async function runQuery<Row>(client: ClientBase | Pool, query: Compilable<Row>): Promise<Row[]> {
  const { sql, parameters } = query.compile()
  const { rows } = await client.query(sql, [...parameters])
  return rows as Row[]
}
