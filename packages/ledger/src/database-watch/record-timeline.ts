import type { ReplicationState } from '@paxyo/database'
import type { Pool } from 'pg'

const RECORD_TIMELINE = `
  UPDATE stream_epoch SET timeline = $1, is_synchronous = $2,
    epoch = CASE WHEN $3 THEN replace(gen_random_uuid()::text, '-', '') ELSE epoch END
  WHERE timeline IS NOT DISTINCT FROM $4 AND is_synchronous IS NOT DISTINCT FROM $5 AND NOT pg_is_in_recovery()`

/** What follows for the epoch from what a server says. */
export type TimelineStep = 'none' | 'record' | 'rotate'

/**
 * On another timeline the epoch goes on only if commits waited for a standby on the one before: every acknowledged
 * commit was on the promoted standby then. Else acknowledged commits may be lost, and positions of clients and feeds may
 * name a history that is gone.
 *
 * @example
 * const synchronous = { isReplica: false, timeline: 2, isSynchronous: true, epochTimeline: 1, wasSynchronous: true }
 * timelineStep(synchronous) //=> 'record'
 * timelineStep({ ...synchronous, wasSynchronous: false }) //=> 'rotate'
 */
export function timelineStep(
  state: Pick<ReplicationState, 'isReplica' | 'timeline' | 'isSynchronous' | 'epochTimeline' | 'wasSynchronous'>,
): TimelineStep {
  const { isReplica, timeline, isSynchronous, epochTimeline, wasSynchronous } = state
  if (isReplica || timeline === null) return 'none'
  if (epochTimeline === null) return 'record'
  if (timeline !== epochTimeline) return wasSynchronous === true ? 'record' : 'rotate'
  return isSynchronous === wasSynchronous ? 'none' : 'record'
}

/** @returns whether this call did it: of several processes one does. */
export async function recordTimeline(pool: Pool, state: ReplicationState, isRotated: boolean): Promise<boolean> {
  const { rowCount } = await pool.query(RECORD_TIMELINE, [
    state.timeline,
    state.isSynchronous,
    isRotated,
    state.epochTimeline,
    state.wasSynchronous,
  ])
  return rowCount === 1
}
