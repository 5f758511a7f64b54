import { createTestAuthority } from '@paxyo/testkit'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Arena } from './arena.ts'

export interface Scenario {
  readonly what: string
  readonly alert: string
  readonly severity: 'page' | 'ticket'
  break(arena: Arena): Promise<void>
  /** Words of the alert's entry in the runbook, and what they say to do. */
  readonly runbook: string
  repair(arena: Arena): Promise<void>
}

export function installCertificate(file: string, days: number): void {
  writeFileSync(file, createTestAuthority().issue(['rt.example.com'], days).cert)
}
export function writeBackup(folder: string): void {
  writeFileSync(join(folder, 'paxyo.dump'), 'a dump')
}

export const SCENARIOS: readonly Scenario[] = [
  {
    what: 'kill -9 of one webhook-ingest',
    alert: 'PaxyoProcessDown',
    severity: 'ticket',
    break: (arena) => arena.ingests[1]!.kill(),
    runbook: 'restart it',
    repair: (arena) => arena.ingests[1]!.start(),
  },
  {
    what: 'kill -9 of every webhook-ingest',
    alert: 'PaxyoIngestDown',
    severity: 'page',
    async break(arena) {
      for (const member of arena.ingests) await member.kill()
    },
    runbook: 'fix the problem that the log names',
    async repair(arena) {
      await Promise.all(arena.ingests.map((member) => member.start()))
    },
  },
  {
    what: 'kill -9 of every ws-gateway',
    alert: 'PaxyoGatewayDown',
    severity: 'page',
    async break(arena) {
      for (const member of arena.gateways) await member.kill()
    },
    runbook: 'restart it',
    async repair(arena) {
      await Promise.all(arena.gateways.map((member) => member.start()))
    },
  },
  {
    what: 'PostgreSQL cannot be reached',
    alert: 'PaxyoDatabaseUnreadable',
    severity: 'page',
    async break(arena) {
      // Nothing listens there.
      arena.postgresProxy.target = 1
      arena.postgresProxy.cut()
    },
    runbook: 'restore it',
    async repair(arena) {
      arena.postgresProxy.target = Number(new URL(arena.postgresUrl).port)
    },
  },
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
]
