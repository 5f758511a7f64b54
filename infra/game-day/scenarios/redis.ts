import type { Scenario } from './scenario.ts'

/** Redis that is away, and what arrives over it. */
export const REDIS: readonly Scenario[] = [
  {
    what: 'kill -9 of Redis: publishers',
    alert: 'PaxyoPublisherDown',
    severity: 'page',
    async break(arena) {
      arena.redis.process.kill('SIGKILL')
    },
    runbook: 'restore Redis',
    repair: (arena) => arena.redis.restart(),
  },
  {
    what: 'kill -9 of Redis: gateways',
    alert: 'PaxyoPubSubSilent',
    severity: 'page',
    async break(arena) {
      arena.redis.process.kill('SIGKILL')
    },
    runbook: 'restore Redis',
    repair: (arena) => arena.redis.restart(),
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
