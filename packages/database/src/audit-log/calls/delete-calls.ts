import type { Pool } from 'pg'

/** Rows that one statement deletes. */
const GROUPS_MAX = 1_000
const USERS_MAX = 10_000

// The entry is in the transaction of the deletion, so that a check of the log knows which groups are gone by their retention.
const DELETE_GROUPS = `
  WITH deleted AS (
    DELETE FROM audit_call_groups WHERE position = ANY(ARRAY(
      SELECT position FROM audit_call_groups WHERE chained_at < now() - $1 * interval '1 day' ORDER BY position LIMIT $2))
    RETURNING position, calls
  ), entry AS (
    INSERT INTO audit_log (actor, actor_name, action, after, result)
    SELECT 'database', 'database', 'deleteCalls',
      json_build_object('through', max(position), 'groups', count(*), 'calls', sum(calls)), 'ok'
    FROM deleted HAVING count(*) > 0
  )
  SELECT count(*)::int AS groups, coalesce(sum(calls), 0)::int AS calls FROM deleted`

// A day later than the groups of their day.
const DELETE_USERS = `
  DELETE FROM audit_call_users WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM audit_call_users WHERE day < current_date - $1::int - 1 LIMIT $2))`

/**
 * Deletes the calls whose retention has ended. Their entries of the audit log stay. Runs daily, as the owner.
 *
 * @param retentionDays at least 7, which the database requires.
 * @returns how many calls were deleted.
 * @example
 * await deleteAuditCalls(ownerPool, 90) //=> 0
 */
export async function deleteAuditCalls(pool: Pool, retentionDays: number): Promise<number> {
  let total = 0
  for (let groups = GROUPS_MAX; groups === GROUPS_MAX;) {
    const { rows } = await pool.query<{ groups: number; calls: number }>(DELETE_GROUPS, [retentionDays, GROUPS_MAX])
    groups = rows[0]!.groups
    total += rows[0]!.calls
  }
  for (let users = USERS_MAX; users === USERS_MAX;) {
    users = (await pool.query(DELETE_USERS, [retentionDays, USERS_MAX])).rowCount ?? 0
  }
  return total
}
