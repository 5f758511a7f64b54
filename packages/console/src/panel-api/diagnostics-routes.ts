import { diagnoseDatabase, fromSentences, type Diagnostic, type ReadSession } from '@paxyo/database/diagnostics'
import { auditLedger, type AuditResult } from '@paxyo/ledger/audit'
import { operation, reject, type ApiDeps, type PanelApi } from '@paxyo/panel-api-kit'
import { diagnosisSchema, ledgerAuditSchema, type ConnectionCounts, type Diagnosis } from '@paxyo/panel-client'
import type { PoolClient } from 'pg'
import { GATEWAY_SENTENCES } from './gateway-sentences.ts'
import { runShared } from './run-shared.ts'

export interface DiagnosticsRouteDeps extends Pick<ApiDeps, 'pool' | 'log'> {
  readonly gateways: {
    /** Whether messages of the bus arrive. */
    readonly isReady: boolean
    readonly gateways: readonly ConnectionCounts['gateways'][number][]
  }
}

/** Cheap, but a page that is opened by many at once needs one. */
const DIAGNOSIS_KEPT_MS = 5_000
/** It reads every row of the largest tables. */
const AUDIT_KEPT_MS = 60_000
const AUDIT_MS_MAX = 60_000
/** As `paxyo audit` has them. */
const AUDIT_LIMITS = { rowsMax: 10, outboxAgeS: 60, parkedAgeS: 24 * 3600, reviewAgeS: 7 * 24 * 3600 }
/** Above this, live pages are late. */
const BUS_MS_MAX = 250

const now = (): number => performance.now()

/**
 * Adds `GET /v1/diagnostics` and `GET /v1/ledger-audit` to the panel API: what `paxyo doctor` and `paxyo audit` check.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * registerDiagnosticsRoutes(api, { pool, log, gateways: { isReady: true, gateways: [] } })
 * (await api.inject('/v1/diagnostics')).json().isHealthy //=> false
 */
export function registerDiagnosticsRoutes(api: PanelApi, deps: DiagnosticsRouteDeps): void {
  const diagnose = runShared(() => diagnoseSystem(deps), { keepMs: DIAGNOSIS_KEPT_MS, now })
  const diagnosticsSchema = operation({
    operationId: 'diagnose',
    scope: 'read',
    tag: 'Overview',
    summary: 'Check PostgreSQL, the bus and the gateways',
    description:
      'What `paxyo doctor` checks, as far as the service can see it: each result is a sentence, with the fix; `code` and ' +
      '`values` are for pages in other languages. Results are kept for five seconds.',
    responses: { 200: { description: 'The results.', schema: diagnosisSchema } },
  })
  api.get('/v1/diagnostics', { schema: diagnosticsSchema }, async (_request, reply) => reply.send(await diagnose()))

  const audit = runShared(() => runAudit(deps), { keepMs: AUDIT_KEPT_MS, now })
  const auditSchema = operation({
    operationId: 'auditLedger',
    scope: 'operators',
    tag: 'Overview',
    summary: 'Audit money, streams and deliveries',
    description:
      'What `paxyo audit` checks, in one snapshot of the database. It reads all rows, so that one runs at a time, for at ' +
      'most a minute, and its result is kept for a minute.',
    responses: { 200: { description: 'The checks, with their violations.', schema: ledgerAuditSchema } },
    errors: ['audit_timed_out'],
  })
  api.get('/v1/ledger-audit', { schema: auditSchema }, async (_request, reply) => {
    const result = await audit()
    return result === undefined ? reject(reply, 'audit_timed_out') : reply.send(result)
  })
}

async function diagnoseSystem({ pool, gateways }: DiagnosticsRouteDeps): Promise<Diagnosis> {
  const database: ReadSession = {
    query: async <Row>(text: string, values: readonly unknown[] = []) =>
      (await pool.query(text, [...values])).rows as Row[],
  }
  // Only the owner of the database can read the migrations.
  const ofDatabase = (await diagnoseDatabase(database)).filter(({ check }) => check !== 'migrations')
  const diagnostics = [...ofDatabase, ...diagnoseGateways(gateways)]
  return {
    at: new Date().toISOString(),
    isHealthy: diagnostics.every(({ status }) => status !== 'failed'),
    diagnostics: diagnostics.map(({ check, status, message, hint = null, code = null, values = {} }) => ({
      check,
      status,
      message,
      hint,
      code,
      values,
    })),
  }
}

const found = fromSentences(GATEWAY_SENTENCES)

function diagnoseGateways({ isReady, gateways }: DiagnosticsRouteDeps['gateways']): Diagnostic[] {
  if (!isReady) return [found('failed', 'bus', 'bus_silent')]
  if (gateways.length === 0) return [found('ok', 'bus', 'bus_ok'), found('failed', 'gateways', 'gateways_none')]
  const slowest = Math.max(...gateways.map(({ busMs }) => busMs ?? 0))
  const versions = [...new Set(gateways.map(({ version }) => version ?? 'unknown'))]
  const count = gateways.length
  return [
    slowest > BUS_MS_MAX
      ? found('warning', 'bus', 'bus_slow', { ms: Math.round(slowest) })
      : found('ok', 'bus', 'bus_ok'),
    versions.length > 1
      ? found('warning', 'gateways', 'gateway_versions', { count, versions: versions.join(', ') })
      : found('ok', 'gateways', 'gateways_found', { count }),
  ]
}

/** @returns undefined when it takes too long. */
async function runAudit({ pool, log }: DiagnosticsRouteDeps): Promise<AuditResult | undefined> {
  const client = await pool.connect()
  const endAt = now() + AUDIT_MS_MAX
  try {
    const result = await auditLedger(boundedSession(client, endAt), AUDIT_LIMITS)
    client.release()
    log.info({ isClean: result.isClean, durationMs: result.durationMs }, 'ledger audited')
    return result
  } catch (error) {
    // Its transaction is open.
    client.release(true)
    if (now() < endAt) throw error
    return undefined
  }
}

/** Each statement may take what is left of the time. */
const boundedSession = (client: PoolClient, endAt: number): ReadSession => ({
  async query<Row>(text: string) {
    const { rows } = await client.query(text)
    // The transaction has begun with the first statement, and its end resets the limit.
    if (text !== 'ROLLBACK')
      await client.query(`SET LOCAL statement_timeout = ${Math.max(1, Math.ceil(endAt - now()))}`)
    return rows as Row[]
  },
})
