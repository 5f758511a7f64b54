import type { Pool } from 'pg'

/** What a statement reads from: the primary, or a replica that has what the statement needs. */
export interface ReadDatabase extends Pick<Pool, 'query'> {
  /** Whether the server may be a replica. */
  readonly isReplica?: boolean
}

/** Chooses a server for each read. */
export interface ReadSource {
  /** @throws when no server is available, or the read throws. */
  read<Result>(read: (database: ReadDatabase) => Promise<Result>): Promise<Result>
}

export const readFromPrimary = (pool: Pool): ReadSource => ({ read: (read) => read(pool) })

/** A server that was the primary may become a replica while a connection to it is open. */
export interface PrimaryRow {
  readonly epoch: string
  readonly is_replica: boolean
}

/** @throws when a replica that was not checked returned the rows: they may be older than what clients have received. */
export function checkedRows<Row extends PrimaryRow>(database: ReadDatabase, rows: readonly Row[]): readonly Row[] {
  if (rows[0]?.is_replica === true && database.isReplica !== true) throw new Error('the database is a replica')
  return rows
}
