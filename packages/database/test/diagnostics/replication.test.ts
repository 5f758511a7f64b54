import { expect, test } from '@jest/globals'
import type { ReplicationState, StandbyState } from '../../src/servers/replication-state.ts'
import { assessReplication } from '../../src/diagnostics/replication.ts'

const standbys: StandbyState = { synchronous: 0, asynchronous: 0, lagBytes: 0, commitsWaiting: 0 }
const primary: ReplicationState = {
  server: '10.0.0.1:5432',
  isReplica: false,
  timeline: 3,
  isSynchronous: false,
  isArchivingFailing: false,
  standbys,
  epoch: 'e',
  epochTimeline: 3,
  wasSynchronous: false,
}

test.each<[string, Partial<ReplicationState>, string, string]>([
  ['one machine', {}, 'ok', 'without a standby: acknowledged data is on one machine only'],
  [
    'a synchronous standby',
    { isSynchronous: true, standbys: { ...standbys, synchronous: 1, lagBytes: 16 } },
    'ok',
    'the primary is 10.0.0.1:5432, timeline 3; 1 synchronous and 0 other standbys, 16 bytes behind',
  ],
  ['an asynchronous standby', { standbys: { ...standbys, asynchronous: 1 } }, 'warning', 'loses acknowledged webhooks'],
  [
    'a synchronous standby that is away',
    { isSynchronous: true, standbys: { ...standbys, asynchronous: 1, commitsWaiting: 4 } },
    'failed',
    'commits wait for a synchronous standby, and none streams (4 wait)',
  ],
  ['a login that may not see standbys', { standbys: undefined }, 'skipped', 'GRANT pg_read_all_stats'],
])('%s', (_case, change, status, message) => {
  expect(assessReplication({ ...primary, ...change })).toMatchObject({
    check: 'replication',
    status,
    message: expect.stringContaining(message),
  })
})
