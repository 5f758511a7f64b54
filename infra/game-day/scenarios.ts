import { createTestAuthority } from '@paxyo/testkit'
import pg from 'pg'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sendOrder, sendWebhook, type Arena } from './arena.ts'
import type { Monitoring } from './monitoring.ts'

export interface Scenario {
  readonly what: string
  readonly alert: string
  readonly severity: 'page' | 'ticket'
  /** Breaks it. May return what goes on until the repair. */
  break(arena: Arena, monitoring: Monitoring): Promise<(() => void) | void>
  /** Words of the alert's entry in the runbook, and what they say to do. */
  readonly runbook: string
  repair(arena: Arena, monitoring: Monitoring): Promise<void>
}

const DAY_S = 86_400
const anIngest = (arena: Arena): string => arena.ingests[0]!.process!.url

/** Repeats something until the repair; what fails meanwhile is the point. */
function repeatedly(work: () => Promise<unknown>, everyMs = 100): () => void {
  const timer = setInterval(() => void work().catch(() => undefined), everyMs)
  return () => clearInterval(timer)
}

async function onPostgres(arena: Arena, statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: arena.postgresUrl })
  await client.connect()
  try {
    return await client.query(statement)
  } finally {
    await client.end()
  }
}

export function installCertificate(file: string, days: number): void {
  writeFileSync(file, createTestAuthority().issue(['rt.example.com'], days).cert)
}
export function writeBackup(folder: string, ageS: number): void {
  const file = join(folder, 'paxyo.dump')
  writeFileSync(file, 'a dump')
  const at = Date.now() / 1000 - ageS
  utimesSync(file, at, at)
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
    what: 'a forgotten transaction holds the lock of accounts',
    alert: 'PaxyoCommitsHanging',
    severity: 'page',
    async break(arena) {
      const client = new pg.Client({ connectionString: arena.postgresUrl, application_name: 'forgotten' })
      client.on('error', () => undefined)
      await client.connect()
      await client.query('BEGIN')
      await client.query('LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE')
    },
    runbook: 'end the transaction that holds the locks',
    async repair(arena) {
      const sql = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'forgotten'`
      await onPostgres(arena, sql)
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
  {
    what: "the panel's server responds with 500",
    alert: 'PaxyoOutgoingWebhooksLate',
    severity: 'ticket',
    async break(arena) {
      arena.others.panel = 'failing'
    },
    runbook: 'repair the receiver',
    async repair(arena) {
      arena.others.panel = 'well'
    },
  },
  {
    what: "the provider's API does not respond",
    alert: 'PaxyoVerificationsWaiting',
    severity: 'ticket',
    async break(arena) {
      arena.others.provider = 'silent'
      await sendOrder(anIngest(arena), 'V-1', 'Canceled')
    },
    runbook: 'wait for GodOfPanel',
    async repair(arena) {
      arena.others.provider = 'well'
    },
  },
  {
    what: 'the provider sends a wrong token',
    alert: 'PaxyoWebhooksUnauthorized',
    severity: 'ticket',
    break: async (arena) => repeatedly(() => sendWebhook(anIngest(arena), '{}', 'a-wrong-token')),
    runbook: 'compare the address that GodOfPanel has',
    repair: async () => undefined,
  },
  {
    what: 'the provider sends what cannot be read',
    alert: 'PaxyoWebhooksUnreadable',
    severity: 'ticket',
    async break(arena) {
      await sendWebhook(anIngest(arena), '{"order_id": "T-1", "status": ')
    },
    runbook: 'npx paxyo rejected replay',
    repair: (arena) => arena.paxyo('rejected', 'list'),
  },
  {
    what: 'maintenance did not run for two days',
    alert: 'PaxyoMaintenanceMissing',
    severity: 'ticket',
    async break(arena) {
      const { rows } = await onPostgres(
        arena,
        `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass
           AND pg_get_expr((SELECT relpartbound FROM pg_class WHERE oid = inhrelid), inhrelid) <> 'DEFAULT'
         ORDER BY name DESC LIMIT 3`,
      )
      for (const { name } of rows as { name: string }[]) await onPostgres(arena, `DROP TABLE ${name}`)
    },
    runbook: 'npm run maintain',
    repair: (arena) => arena.paxyo('maintain'),
  },
  {
    what: 'the certificate was not renewed',
    alert: 'PaxyoCertificateExpiresSoon',
    severity: 'page',
    async break(arena) {
      installCertificate(arena.files.certificate, 1)
    },
    runbook: 'renew it',
    async repair(arena) {
      installCertificate(arena.files.certificate, 30)
    },
  },
  {
    what: 'the job that makes backups stopped two days ago',
    alert: 'PaxyoBackupOld',
    severity: 'ticket',
    async break(arena) {
      writeBackup(arena.files.backups, 2 * DAY_S)
    },
    runbook: 'make one now',
    async repair(arena) {
      writeBackup(arena.files.backups, 0)
    },
  },
  {
    what: 'kill -9 of the exporter',
    alert: 'PaxyoMonitoringIncomplete',
    severity: 'ticket',
    break: (arena) => arena.exporter.kill(),
    runbook: 'measure it',
    repair: (arena) => arena.exporter.start(),
  },
  {
    what: 'the receiver of tickets rejects them',
    alert: 'PaxyoAlertsNotDelivered',
    severity: 'page',
    async break(_arena, { failing, alertmanager }) {
      failing.add('ticket')
      const post = () => alertmanager.post([{ labels: { alertname: `GameDay${Date.now()}`, severity: 'ticket' } }])
      return repeatedly(post, 500)
    },
    runbook: 'correct the receiver',
    async repair(_arena, { failing }) {
      failing.delete('ticket')
    },
  },
]
