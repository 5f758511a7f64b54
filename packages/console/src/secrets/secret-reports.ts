import type { AnnouncedSecret } from '@paxyo/contracts'
import { announcedSecrets, createWorker, type SecretUses, type Worker } from '@paxyo/service-kit'
import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import type { Logger } from 'pino'

export interface SecretReportsDeps {
  readonly pool: Pool
  /** What this process knows. */
  readonly secretUses: SecretUses
  /** What the gateways have announced: they cannot write to the database. */
  readonly gateways: () => readonly { readonly gatewayId: string; readonly secrets: readonly AnnouncedSecret[] }[]
  readonly log: Logger
}

const REPORT_INTERVAL_MS = 10_000

// In one order, so that processes that report the same gateway wait for each other.
const REPORT = `
  INSERT INTO service_secrets AS known (process, service, kind, provider, fingerprint, place, used_at)
  SELECT process, service, kind, provider, fingerprint, place, now() - used_ms_ago * interval '1 millisecond'
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::float8[])
    AS given (process, service, kind, provider, fingerprint, place, used_ms_ago)
  ORDER BY process, kind, provider, fingerprint
  ON CONFLICT (process, kind, provider, fingerprint) DO UPDATE
  SET reported_at = now(), used_at = greatest(known.used_at, excluded.used_at)`

const DELETE_OLD = `DELETE FROM service_secrets WHERE reported_at < now() - interval '30 days'`

/**
 * Writes to the database which secrets the running services know, and when each was used last: every ten seconds a few rows, so
 * that it is known after a restart, too. What a process has not reported for a while, it no longer knows.
 *
 * @example
 * const secretUses = createSecretUses()
 * secretUses.watch('jwt_secrets', ['a-secret-of-the-gateways'])
 * const reports = startSecretReports({ pool, secretUses, gateways: () => [], log })
 * await reports.runNow()
 * (await readSecretsInUse(pool)).map(({ kind }) => kind) //=> ['jwt_secrets']
 * await reports.close()
 */
export function startSecretReports({ pool, secretUses, gateways, log }: SecretReportsDeps): Worker {
  const process = randomUUID()
  let isFirst = true

  const rowOf = (processId: string, service: string, secret: AnnouncedSecret) => ({
    process: processId,
    service,
    ...secret,
  })

  const worker = createWorker({
    async run() {
      if (isFirst) await pool.query(DELETE_OLD)
      isFirst = false
      const rows = [
        ...announcedSecrets(secretUses).map((secret) => rowOf(process, 'webhook-ingest', secret)),
        ...gateways().flatMap(({ gatewayId, secrets }) =>
          secrets.map((secret) => rowOf(gatewayId, 'ws-gateway', secret)),
        ),
      ]
      if (rows.length === 0) return
      await pool.query(REPORT, [
        rows.map((row) => row.process),
        rows.map((row) => row.service),
        rows.map((row) => row.kind),
        rows.map((row) => row.provider),
        rows.map((row) => row.fingerprint),
        rows.map((row) => row.place),
        rows.map((row) => row.usedMsAgo),
      ])
    },
    backstopMs: REPORT_INTERVAL_MS,
    onError: (err) => log.warn({ err }, 'secrets in use not reported'),
  })
  worker.wake()
  return worker
}
