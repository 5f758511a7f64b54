import type { Arena } from '../arena.ts'
import type { Breakage, Scenario } from './scenario.ts'

/** Breaks by a value of `synchronous_standby_names`; the standby's name is `one`. */
function waitingFor(names: string): Breakage {
  const set = async (arena: Arena, value: string): Promise<void> => {
    await arena.sql(`ALTER SYSTEM SET synchronous_standby_names = '${value}'`)
    await arena.sql('SELECT pg_reload_conf()')
  }
  return { break: (arena) => set(arena, names), repair: (arena) => set(arena, 'one') }
}

/** The standby of PostgreSQL, and failover to it. */
export const REPLICATION: readonly Scenario[] = [
  {
    what: 'commits wait for no standby',
    alert: 'PaxyoStandbyNotSynchronous',
    severity: 'ticket',
    ...waitingFor(''),
    runbook: 'Otherwise set `synchronous_standby_names`',
  },
  {
    what: 'commits wait for a standby that does not exist',
    alert: 'PaxyoSynchronousStandbyMissing',
    severity: 'page',
    ...waitingFor('two'),
    runbook: 'the name must be in `synchronous_standby_names`',
  },
  {
    what: 'the epoch is of another timeline, on which commits waited for no standby',
    alert: 'PaxyoEpochRotated',
    severity: 'page',
    break: (arena) => arena.sql('UPDATE stream_epoch SET timeline = timeline - 1, is_synchronous = false'),
    runbook: 'a failover that may have lost commits',
    repair: async () => undefined,
  },
  // The last one: no standby is left.
  {
    what: 'kill -9 of the primary of PostgreSQL, whose standby is promoted',
    alert: 'PaxyoPrimaryChanged',
    severity: 'ticket',
    break: (arena) => arena.failOver(),
    runbook: 'replace a former primary that does not follow',
    repair: async () => undefined,
  },
]
