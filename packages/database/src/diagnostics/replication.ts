import {
  READ_REPLICATION_STATE,
  toReplicationState,
  type ReplicationState,
  type ReplicationStateRow,
} from '../servers/replication-state.ts'
import type { Diagnostic } from './diagnostic.ts'
import type { ReadSession } from './read-session.ts'
import { found } from './sentences.ts'

/** Whether a failover would lose acknowledged data, and whether commits wait for a standby that is away. */
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
  if (isReplica) return found('skipped', check, 'replication_of_primary')
  const primary = { server, timeline: String(timeline) }
  if (standbys === undefined) return found('skipped', check, 'standbys_hidden', primary)
  const { synchronous, asynchronous, lagBytes: bytes, commitsWaiting } = standbys
  if (isSynchronous && synchronous === 0) {
    return found('failed', check, 'standbys_gone', { ...primary, count: commitsWaiting })
  }
  if (isSynchronous) return found('ok', check, 'standbys_synchronous', { ...primary, synchronous, asynchronous, bytes })
  if (asynchronous > 0) return found('warning', check, 'standbys_asynchronous', { ...primary, count: asynchronous })
  return found('ok', check, 'standbys_none', primary)
}
