import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createSecretUses, fingerprintOf } from '@paxyo/service-kit'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { pino } from 'pino'
import { readSecretsInUse } from '../../src/secrets/read-secrets.ts'
import { startSecretReports } from '../../src/secrets/secret-reports.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => database[Symbol.asyncDispose]())

const log = pino({ level: 'silent' })
const [NEW, OLD] = ['a-new-secret-of-32-bytes-or-more-xx', 'an-old-secret-of-32-bytes-or-more-x']
const mark = (secret: string): string => fingerprintOf('jwt_secrets', secret)

test('a rotation is followed over restarts: which services know both, and when the old one was used last', async () => {
  const pool = database.poolAs('ingest', 2)
  const start = (secrets: readonly string[], gateway: readonly string[]) => {
    const secretUses = createSecretUses()
    const used = secretUses.watch('jwt_secrets', secrets)
    const announced = gateway.map((secret, place) => ({
      kind: 'jwt_secrets' as const,
      provider: '',
      fingerprint: mark(secret),
      place,
      usedMsAgo: secret === OLD ? 60_000 : null,
    }))
    const gateways = () => [{ gatewayId: `gateway-${gateway.length}`, secrets: announced }]
    return { used, reports: startSecretReports({ pool, secretUses, gateways, log }) }
  }
  const before = start([OLD], [OLD])
  before.used(0)
  await before.reports.runNow()
  await before.reports.close()
  await database.owner.query(`UPDATE service_secrets SET reported_at = now() - interval '1 minute'`)

  // Restarted: webhook-ingest knows both, the gateway does not know the new one yet.
  const { reports } = start([NEW, OLD], [OLD])
  await reports.runNow()
  const [group, ...others] = await readSecretsInUse(pool)
  await reports.close()
  expect(others).toEqual([])
  const [ingest, gateway] = [
    { service: 'webhook-ingest', processes: 1 },
    { service: 'ws-gateway', processes: 1 },
  ]
  expect(group).toMatchObject({ kind: 'jwt_secrets', provider: null, services: [ingest, gateway] })
  const both = new Map(group!.secrets.map((secret) => [secret.fingerprint, secret]))
  expect(both.get(mark(NEW))).toMatchObject({ place: 1, lastUsedAt: null, knownBy: [ingest] })
  // Of the process that has ended.
  expect(both.get(mark(OLD))).toMatchObject({ lastUsedAt: expect.any(String), knownBy: [ingest, gateway] })

  await database.owner.query(`UPDATE service_secrets SET reported_at = now() - interval '31 days'`)
  expect(await readSecretsInUse(pool)).toEqual([])
  const last = start([NEW], [])
  await last.reports.runNow()
  await last.reports.close()
  const { rows } = await database.owner.query('SELECT fingerprint FROM service_secrets')
  expect(rows).toEqual([{ fingerprint: mark(NEW) }])
})
