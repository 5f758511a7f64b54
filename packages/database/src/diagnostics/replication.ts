import {
  READ_REPLICATION_STATE,
  toReplicationState,
  type ReplicationState,
  type ReplicationStateRow,
} from '../servers/replication-state.ts'
import { failed, ok, skipped, warning, type Diagnostic } from './diagnostic.ts'
import type { ReadSession } from './read-session.ts'

/** Whether a fail-over would lose acknowledged data, and whether commits wait for a standby that is away. */
export async function diagnoseReplication(database: ReadSession): Promise<Diagnostic> {
  const [row] = await database.query<ReplicationStateRow>(READ_REPLICATION_STATE)
  return assessReplication(toReplicationState(row!))
}

export function assessReplication({
  server,
  timeline,
  isReplica,
  isSynchronous,
  standbys,
}: ReplicationState): Diagnostic {
  const check = 'replication'
  if (isReplica) return skipped(check, 'asked of the primary only')
  const primary = `the primary is ${server}, timeline ${timeline}`
  if (standbys === undefined) {
    return skipped(check, `${primary}; as a superuser, GRANT pg_read_all_stats to the login to see its standbys`)
  }
  const { synchronous, asynchronous, lagBytes, commitsWaiting } = standbys
  if (isSynchronous && synchronous === 0) {
    return failed(
      check,
      `${primary}; commits wait for a synchronous standby, and none streams (${commitsWaiting} wait)`,
      'Start the standby, or replace it: "A lost node" in the runbook.',
    )
  }
  if (isSynchronous) {
    return ok(
      check,
      `${primary}; ${synchronous} synchronous and ${asynchronous} other standbys, ${lagBytes} bytes behind`,
    )
  }
  if (asynchronous > 0) {
    return warning(
      check,
      `${primary}; commits wait for none of ${asynchronous} standbys: a fail-over loses acknowledged webhooks`,
      'Set synchronous_standby_names, or synchronous_mode in Patroni.',
    )
  }
  return ok(check, `${primary}, without a standby: acknowledged data is on one machine only until a backup has it`)
}
