import { SECRET_KINDS } from '@paxyo/contracts/data'
import type { SecretsInUse } from '@paxyo/panel-client'
import type { Pool } from 'pg'

/** A secret that a process knows, or knew. */
export interface SecretRow {
  readonly service: string
  readonly process: string
  readonly kind: string
  readonly provider: string
  readonly fingerprint: string
  readonly place: number
  readonly known_since: Date
  readonly used_at: Date | null
  readonly is_running: boolean
}

// Three reports and a little more: a process that was killed, or replaced, counts no longer.
const READ = `
  SELECT service, process, kind, provider, fingerprint, place, known_since, used_at,
    reported_at > now() - interval '35 seconds' AS is_running
  FROM service_secrets WHERE kind = ANY($1)`

/**
 * Reads what the services have reported.
 *
 * @returns the secrets that running processes know, by kind and provider.
 * @example
 * await readSecretsInUse(pool) //=> []
 */
export async function readSecretsInUse(pool: Pick<Pool, 'query'>): Promise<SecretsInUse['data']> {
  const { rows } = await pool.query<SecretRow>(READ, [SECRET_KINDS])
  return summarizeSecrets(rows)
}

type Group = SecretsInUse['data'][number]

export function summarizeSecrets(rows: readonly SecretRow[]): Group[] {
  return SECRET_KINDS.flatMap((kind) => {
    const ofKind = rows.filter((row) => row.kind === kind)
    return unique(ofKind.filter(isRunning).map(({ provider }) => provider)).map((provider): Group => {
      const ofProvider = ofKind.filter((row) => row.provider === provider)
      const running = ofProvider.filter(isRunning)
      return {
        kind,
        provider: provider === '' ? null : provider,
        services: countProcesses(running),
        secrets: unique(running.map(({ fingerprint }) => fingerprint))
          .map((fingerprint) => toSecret(ofProvider.filter((row) => row.fingerprint === fingerprint)))
          .toSorted(
            (one, other) => one.place - other.place || Date.parse(other.knownSince) - Date.parse(one.knownSince),
          ),
      }
    })
  })
}

const isRunning = (row: SecretRow): boolean => row.is_running

const unique = (values: readonly string[]): string[] => [...new Set(values)].toSorted()

const countProcesses = (rows: readonly SecretRow[]): Group['services'] =>
  unique(rows.map(({ service }) => service)).map((service) => ({
    service: service as Group['services'][number]['service'],
    processes: new Set(rows.filter((row) => row.service === service).map((row) => row.process)).size,
  }))

/** Of one fingerprint. Processes that have ended say since when it is known, and when it was used. */
function toSecret(rows: readonly SecretRow[]): Group['secrets'][number] {
  const running = rows.filter(isRunning)
  const usedAt = rows.flatMap((row) => (row.used_at === null ? [] : [row.used_at.getTime()]))
  return {
    fingerprint: rows[0]!.fingerprint,
    place: Math.min(...running.map(({ place }) => place)) + 1,
    knownSince: new Date(Math.min(...rows.map((row) => row.known_since.getTime()))).toISOString(),
    lastUsedAt: usedAt.length === 0 ? null : new Date(Math.max(...usedAt)).toISOString(),
    knownBy: countProcesses(running),
  }
}
