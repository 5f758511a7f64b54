import type { Batcher, DatabaseWatch } from '@paxyo/ledger'
import type { MetricGroup } from '@paxyo/service-kit'

/** Of the database's server. Every process of this service reports the same values: aggregate with max, not sum. */
export function addDatabase(group: MetricGroup, watch: DatabaseWatch, commits: Pick<Batcher, 'commitAgeMs'>): void {
  const described = {
    database_timeline: {
      help: 'Timeline of the primary, by its address; grows with each failover.',
      labels: ['server'],
    },
    database_synchronous: { help: '1 when a COMMIT waits for a standby, 0 when not.' },
    database_archiving_failing: { help: '1 when the last WAL file could not be archived, 0 when not.' },
    database_standbys: { help: 'Standbys that stream.', labels: ['kind'] },
    database_standby_lag_bytes: { help: 'What the standby that is furthest behind must still replay.' },
    database_commits_waiting: { help: 'Sessions whose COMMIT waits for a synchronous standby.' },
  }
  group.gauges(described, (gauges) => {
    const { state } = watch
    if (state === undefined) return Promise.resolve()
    gauges.database_timeline.set({ server: state.server }, state.timeline ?? 0)
    gauges.database_synchronous.set(Number(state.isSynchronous))
    gauges.database_archiving_failing.set(Number(state.isArchivingFailing))
    if (state.standbys !== undefined) {
      gauges.database_standbys.set({ kind: 'synchronous' }, state.standbys.synchronous)
      gauges.database_standbys.set({ kind: 'asynchronous' }, state.standbys.asynchronous)
      gauges.database_standby_lag_bytes.set(state.standbys.lagBytes)
      gauges.database_commits_waiting.set(state.standbys.commitsWaiting)
    }
    return Promise.resolve()
  })
  group.gauge(
    'commit_age_seconds',
    'For how long the oldest batch of webhooks, or group of money requests, has been waiting for its commit.',
    () => commits.commitAgeMs / 1000,
  )
  group.countOf(
    'epoch_rotations_total',
    'Rotations of the epoch after a failover that may have lost acknowledged commits.',
    () => watch.rotations,
  )
}
