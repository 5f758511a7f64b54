import { createTestAuthority } from '@paxyo/testkit'
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { WebSocket } from 'ws'
import { authorization, PANEL_KEY, portOf, post, register, sendWebhook, type Arena } from './arena.ts'

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
  writeFileSync(backupIn(folder), 'a dump')
}
const backupIn = (folder: string): string => join(folder, 'paxyo.dump')

const PACE_MS = 50

/** Breaks by doing something over and over, until it is repaired. */
function repeating(work: (arena: Arena, index: number) => Promise<unknown>): Pick<Scenario, 'break' | 'repair'> {
  let [timer, index]: [NodeJS.Timeout | undefined, number] = [undefined, 0]
  return {
    async break(arena) {
      timer = setInterval(() => void work(arena, index++).catch(() => undefined), PACE_MS)
    },
    async repair() {
      clearInterval(timer)
    },
  }
}

/** Breaks by a transaction that holds a lock, until it is ended. */
function locking(statement: string, blocked?: (arena: Arena) => Promise<unknown>): Pick<Scenario, 'break' | 'repair'> {
  let holder: pg.Client | undefined
  return {
    async break(arena) {
      // What waits for the lock has been prepared before.
      if (blocked !== undefined) await register(ingestOf(arena), BLOCKED_ORDER)
      holder = new pg.Client({ connectionString: arena.postgresUrl })
      holder.on('error', () => undefined)
      await holder.connect()
      await holder.query(`BEGIN; ${statement}`)
      void blocked?.(arena).catch(() => undefined)
    },
    async repair() {
      await holder?.end()
    },
  }
}

const BLOCKED_ORDER = 'G-blocked'
const ingestOf = (arena: Arena): string => arena.ingests[0]!.process!.url
const gatewayOf = (arena: Arena): string => arena.gateways[0]!.process!.url

/** Breaks by making PostgreSQL unreachable. */
const WITHOUT_POSTGRES: Pick<Scenario, 'break' | 'repair'> = {
  async break(arena) {
    // Nothing listens there.
    arena.postgresProxy.target = 1
    arena.postgresProxy.cut()
  },
  async repair(arena) {
    arena.postgresProxy.target = portOf(arena.postgresUrl)
  },
}

/** A webhook of the first order that the traffic has registered. */
const sendUpdate = (arena: Arena): Promise<number> =>
  sendWebhook(ingestOf(arena), JSON.stringify({ order_id: 'T-0', status: 'In progress' }))

/** Does both, and repairs in the other order. */
const together = (
  one: Pick<Scenario, 'break' | 'repair'>,
  other: Pick<Scenario, 'break' | 'repair'>,
): Pick<Scenario, 'break' | 'repair'> => ({
  async break(arena) {
    await one.break(arena)
    await other.break(arena)
  },
  async repair(arena) {
    await other.repair(arena)
    await one.repair(arena)
  },
})

/** Breaks by a value of `synchronous_standby_names`; the standby's name is `one`. */
function waitingFor(names: string): Pick<Scenario, 'break' | 'repair'> {
  const set = async (arena: Arena, value: string): Promise<void> => {
    await arena.sql(`ALTER SYSTEM SET synchronous_standby_names = '${value}'`)
    await arena.sql('SELECT pg_reload_conf()')
  }
  return { break: (arena) => set(arena, names), repair: (arena) => set(arena, 'one') }
}

/** More than one: a few do not make an alert. */
const NEW_CURRENCY_REFUNDS = 25

async function openWithOrigin(arena: Arena, origin: string): Promise<void> {
  const socket = new WebSocket(`${gatewayOf(arena).replace('http', 'ws')}/ws`, { origin })
  socket.on('error', () => undefined)
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
    what: 'kill -9 of one ws-gateway',
    alert: 'PaxyoRedundancyLost',
    severity: 'ticket',
    break: (arena) => arena.gateways[1]!.kill(),
    runbook: 'start it again',
    repair: (arena) => arena.gateways[1]!.start(),
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
    ...WITHOUT_POSTGRES,
    runbook: 'restore it',
  },
  {
    what: 'PostgreSQL cannot be reached: batches',
    alert: 'PaxyoBatchesGivenUp',
    severity: 'page',
    ...together(WITHOUT_POSTGRES, repeating(sendUpdate)),
    runbook: '`database_unavailable`: see',
  },
  {
    what: 'PostgreSQL cannot be reached: webhooks',
    alert: 'PaxyoWebhooksFailing',
    severity: 'page',
    // So many webhooks that each of the short ranges has some: a batch is given up after eight seconds.
    ...together(WITHOUT_POSTGRES, repeating(sendUpdate)),
    runbook: 'as [PaxyoDatabaseUnreadable]',
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
  {
    what: "a forgotten transaction holds an account's lock",
    alert: 'PaxyoCommitsHanging',
    severity: 'page',
    ...locking("SELECT FROM accounts WHERE user_id = 'user-1' FOR UPDATE", (arena) =>
      sendWebhook(ingestOf(arena), JSON.stringify({ order_id: BLOCKED_ORDER, status: 'In progress' })),
    ),
    runbook: 'end the transaction that holds the locks',
  },
  {
    what: 'a forgotten transaction holds the end of the changes feed',
    alert: 'PaxyoChangeFeedStuck',
    severity: 'ticket',
    ...locking('SELECT FROM change_feed_head FOR UPDATE'),
    runbook: 'end the session that holds the lock',
  },
  {
    what: "the panel's server responds with 500",
    alert: 'PaxyoOutgoingWebhooksLate',
    severity: 'ticket',
    async break(arena) {
      arena.panel.status = 500
    },
    runbook: 'repair the receiver',
    async repair(arena) {
      arena.panel.status = 200
    },
  },
  {
    what: "the panel's server responds with 500 until nothing is retried",
    alert: 'PaxyoOutgoingWebhooksDead',
    severity: 'ticket',
    async break(arena) {
      arena.panel.status = 500
    },
    runbook: 'npx paxyo outgoing-webhooks retry --dead',
    async repair(arena) {
      arena.panel.status = 200
      await arena.paxyo('outgoing-webhooks', 'retry', '--dead')
    },
  },
  {
    what: "the provider's API does not respond",
    alert: 'PaxyoVerificationsWaiting',
    severity: 'ticket',
    async break(arena) {
      arena.provider.setApiFault({ kind: 'hang' })
      arena.provider.restore({ orderId: 'G-verified', status: 'canceled' })
      await register(ingestOf(arena), 'G-verified')
      await sendWebhook(ingestOf(arena), JSON.stringify({ order_id: 'G-verified', status: 'Canceled' }))
    },
    runbook: 'wait for GodOfPanel',
    async repair(arena) {
      arena.provider.setApiFault(undefined)
    },
  },
  {
    what: 'a webhook for an order that the panel did not register',
    alert: 'PaxyoParkedDeliveries',
    severity: 'ticket',
    async break(arena) {
      await sendWebhook(ingestOf(arena), JSON.stringify({ order_id: 'G-unregistered', status: 'In progress' }))
    },
    runbook: 'have the panel register it',
    async repair(arena) {
      await register(ingestOf(arena), 'G-unregistered')
    },
  },
  {
    what: 'the provider has an old token',
    alert: 'PaxyoWebhooksUnauthorized',
    severity: 'ticket',
    ...repeating((arena) => sendWebhook(ingestOf(arena), '{}', 'an-old-token')),
    runbook: 'compare the address that GodOfPanel has',
  },
  {
    what: 'a caller guesses API keys',
    alert: 'PaxyoCredentialsGuessed',
    severity: 'ticket',
    ...repeating((arena, index) => post(`${ingestOf(arena)}/v1/orders`, '{}', authorization(`guess-${index}`))),
    runbook: 'correct the key',
  },
  {
    what: 'a provider sends what cannot be read',
    alert: 'PaxyoWebhooksUnreadable',
    severity: 'ticket',
    ...repeating((arena, index) => sendWebhook(ingestOf(arena), `{"order_id": ${index}, "status": `)),
    runbook: 'change the format at the provider',
  },
  {
    what: 'many refunds in a currency that was never used',
    alert: 'PaxyoRefundsInNewCurrency',
    severity: 'ticket',
    async break(arena) {
      for (let number = 0; number < NEW_CURRENCY_REFUNDS; number += 1) {
        const orderId = `G-EUR-${number}`
        arena.provider.restore({ orderId, status: 'canceled' })
        await register(ingestOf(arena), orderId, 'user-eur', 'EUR')
        await sendWebhook(ingestOf(arena), JSON.stringify({ order_id: orderId, status: 'Canceled' }))
      }
    },
    runbook: 'if so: nothing',
    repair: async () => undefined,
  },
  {
    what: 'pages of another origin connect',
    alert: 'PaxyoOriginsRejected',
    severity: 'ticket',
    ...repeating((arena) => openWithOrigin(arena, 'https://www.panel.example.com')),
    runbook: 'add it to `ALLOWED_ORIGINS`',
  },
  {
    what: 'a gateway may not read the revoked tokens',
    alert: 'PaxyoRevocationsLate',
    severity: 'page',
    break: (arena) => arena.sql('REVOKE SELECT ON connection_cutoffs FROM paxyo_gateway'),
    runbook: 'fix the cause',
    repair: (arena) => arena.sql('GRANT SELECT ON connection_cutoffs TO paxyo_gateway'),
  },
  {
    what: 'webhook-ingest may not write the audit log',
    alert: 'PaxyoAuditEntriesMissing',
    severity: 'ticket',
    async break(arena) {
      await arena.sql('REVOKE INSERT ON audit_log FROM paxyo_ingest')
      await post(`${ingestOf(arena)}/v1/users/user-1/revoke-tokens`, '{}', authorization(PANEL_KEY))
    },
    runbook: 'restore the database',
    repair: (arena) => arena.sql('GRANT INSERT ON audit_log TO paxyo_ingest'),
  },
  {
    what: 'a gateway is paused for two seconds',
    alert: 'PaxyoEventLoopBlocked',
    severity: 'ticket',
    async break(arena) {
      const { child } = arena.gateways[0]!.process!
      child.kill('SIGSTOP')
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      child.kill('SIGCONT')
    },
    runbook: "if one client's requests cause it, block that client",
    repair: async () => undefined,
  },
  {
    what: 'a certificate that expires in ten days',
    alert: 'PaxyoCertificateExpiring',
    severity: 'ticket',
    async break(arena) {
      installCertificate(arena.files.certificate, 10)
    },
    runbook: 'renew it',
    async repair(arena) {
      installCertificate(arena.files.certificate, 30)
    },
  },
  {
    what: 'a certificate that expires in two days',
    alert: 'PaxyoCertificateExpiresSoon',
    severity: 'page',
    async break(arena) {
      installCertificate(arena.files.certificate, 2)
    },
    runbook: 'renew it at once',
    async repair(arena) {
      installCertificate(arena.files.certificate, 30)
    },
  },
  {
    what: 'the last backup is two days old',
    alert: 'PaxyoBackupOld',
    severity: 'ticket',
    async break(arena) {
      const at = new Date(Date.now() - 48 * 3_600_000)
      utimesSync(backupIn(arena.files.backups), at, at)
    },
    runbook: 'make one now',
    async repair(arena) {
      writeBackup(arena.files.backups)
    },
  },
  {
    what: 'there is no backup any longer',
    alert: 'PaxyoMonitoringIncomplete',
    severity: 'ticket',
    async break(arena) {
      rmSync(backupIn(arena.files.backups))
    },
    runbook: 'measure it',
    async repair(arena) {
      writeBackup(arena.files.backups)
    },
  },
  {
    what: 'maintenance has not completed for three days',
    alert: 'PaxyoMaintenanceFailing',
    severity: 'ticket',
    break: (arena) => arena.sql(`UPDATE maintenance_runs SET finished_at = finished_at - interval '3 days'`),
    runbook: 'run `npx paxyo maintain`',
    repair: (arena) => arena.paxyo('maintain'),
  },
  {
    what: 'partitions of the next days are missing',
    alert: 'PaxyoMaintenanceMissing',
    severity: 'ticket',
    break: (arena) =>
      arena.sql(`DO $$ DECLARE part regclass; BEGIN
        FOR part IN SELECT inhrelid::regclass FROM pg_inherits
          WHERE inhparent = 'events'::regclass AND inhrelid::regclass::text > 'events_' || to_char(now() + interval '2 days', 'YYYY_MM_DD')
          AND inhrelid::regclass::text !~ 'default'
        LOOP EXECUTE 'DROP TABLE ' || part; END LOOP; END $$`),
    runbook: '`npx paxyo maintain` as the owner',
    repair: (arena) => arena.paxyo('maintain'),
  },
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
