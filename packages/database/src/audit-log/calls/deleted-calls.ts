import { sql, type Kysely } from 'kysely'
import type { DB as Database } from '../../schema.generated.ts'

/**
 * Up to when calls were deleted, because their retention has ended: the ISO time, with microseconds, of the last one. Undefined when
 * none was.
 *
 * @example
 * await readCallsDeletedUntil(createKysely(pool)) //=> undefined
 */
export async function readCallsDeletedUntil(db: Kysely<Database>): Promise<string | undefined> {
  // The entry of the last group that is gone has the time of its last call.
  const { rows } = await sql<{ until: string }>`
    SELECT to_char((chained.after ->> 'to')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS until
    FROM audit_log AS deleted JOIN audit_log AS chained ON chained.position = (deleted.after ->> 'through')::bigint
    WHERE deleted.actor = 'database' AND deleted.action = 'deleteCalls'
    ORDER BY deleted.position DESC LIMIT 1`.execute(db)
  return rows[0]?.until
}
