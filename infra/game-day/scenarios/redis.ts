import type { Breakage, Scenario } from './scenario.ts'

/** Breaks by killing Redis. */
export const WITHOUT_REDIS: Breakage = {
  async break(arena) {
    arena.redis.process.kill('SIGKILL')
  },
  repair: (arena) => arena.redis.restart(),
}

/** Redis that is away, and what arrives over it. */
export const REDIS: readonly Scenario[] = [
  {
    what: 'kill -9 of Redis: publishers',
    alert: 'PaxyoPublisherDown',
    severity: 'page',
    ...WITHOUT_REDIS,
    runbook: 'restore Redis',
  },
  {
    what: 'kill -9 of Redis: gateways',
    alert: 'PaxyoPubSubSilent',
    severity: 'page',
    ...WITHOUT_REDIS,
    runbook: 'restore Redis',
  },
  {
    what: 'SIGSTOP of Redis: the outbox',
    alert: 'PaxyoOutboxStuck',
    severity: 'page',
    async break(arena) {
      arena.redis.process.kill('SIGSTOP')
    },
    runbook: 'restore Redis',
    async repair(arena) {
      arena.redis.process.kill('SIGCONT')
    },
  },
]
