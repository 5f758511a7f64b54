import {
  commitOnce,
  type AuditedRequest,
  type AuditedWork,
  type LedgerDeps,
  type OnceWork,
  type WrittenResponse,
} from '@paxyo/ledger'
import { ERROR_CODES, type ErrorCode } from '@paxyo/contracts'
import type { FastifyRequest } from 'fastify'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { PanelApi } from './api.ts'
import { createDenialLog, insertEntry } from './denials.ts'
import { idempotentRequest } from './idempotency.ts'
import { knownPrincipal, principalOf } from './principal.ts'
import { shareResponse } from './repeated-requests.ts'

// Every request that changes something is in the audit log, except for registrations and tokens of API keys. An operation
// that changes rows of the ledger writes its entry in the same transaction; the others, and requests that were denied, have
// theirs written before the response is sent. Denials of the same operation are in it once a minute.

/** What the log has about a change, in addition to who sent the request. */
export interface AuditDetails {
  readonly subject?: string
  readonly before?: object
  readonly after?: object
}

/** Requests whose transaction writes the entry of a change. */
const audited = new WeakSet<FastifyRequest>()
/** Requests whose transaction has written the entry of their error. */
const withError = new WeakSet<FastifyRequest>()
const detailsByRequest = new WeakMap<FastifyRequest, AuditDetails>()

/**
 * Commits the work of a request once, with its entry of the audit log in the same transaction, also that of an error. A request
 * that repeats one that was in flight returns its response.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.addHook('onRequest', async (request) => rememberPrincipal(request, ENVIRONMENT_KEY))
 * const work = async () => ({ status: 201, body: {} }) as const
 * app.post('/', async (request, reply) => sendResponse(reply, await commitRequest(ledger, request, work)))
 * (await app.inject({ method: 'POST', url: '/' })).statusCode //=> 201
 */
export async function commitRequest(
  deps: LedgerDeps,
  request: FastifyRequest,
  work: OnceWork,
): Promise<WrittenResponse | ErrorCode> {
  const change = auditedChange(request)
  const idempotent = idempotentRequest(request)
  const response = await shareResponse(request, idempotent, () => commitOnce(deps, idempotent, work, change))
  if (typeof response === 'string' && change !== undefined) withError.add(request)
  return response
}

/**
 * The entry of a request, for the transaction that commits its change; undefined for a routine change of an API key, which
 * the audit log does not have.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * api.addHook('onRequest', async (request) => rememberPrincipal(request, ENVIRONMENT_KEY))
 * api.post('/', { schema: { scope: 'orders:write' } }, (request) => ({ isAudited: auditedChange(request) !== undefined }))
 * (await api.inject({ method: 'POST', url: '/' })).json() //=> { isAudited: false }
 */
export function auditedChange(request: FastifyRequest): AuditedWork | undefined {
  if (isRoutine(request)) return undefined
  return { request: auditedRequest(request), isErrorAudited: (code) => isConflict(request, ERROR_CODES[code].status) }
}

/**
 * What the panel's server does all day: it registers orders and mints tokens. The orders and accounts are the record, and the
 * log lines of the tokens. Each entry locks the end of the audit log.
 */
function isRoutine(request: FastifyRequest): boolean {
  const { scope, operationId } = request.routeOptions.schema ?? {}
  return principalOf(request).kind === 'key' && (scope === 'orders:write' || operationId === 'mintToken')
}

/**
 * The author of a request, for the transaction that writes its entry of the audit log.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.addHook('onRequest', async (request) => rememberPrincipal(request, ENVIRONMENT_KEY))
 * app.post('/orders/:orderId', (request) => auditedRequest(request))
 * (await app.inject({ method: 'POST', url: '/orders/A-1' })).json().subject //=> 'A-1'
 */
export function auditedRequest(request: FastifyRequest): AuditedRequest {
  audited.add(request)
  return toAudited(request)
}

/**
 * Adds details to the entry of a request that is not written in its transaction.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * addAudit(api, { pool, log, onAuditFailed: () => undefined })
 * api.addHook('onRequest', async (request) => rememberPrincipal(request, ENVIRONMENT_KEY))
 * api.post('/', { schema: { scope: 'keys' } }, (request) => {
 *   describeChange(request, { subject: 'A-1', after: { status: 'pending' } })
 *   return 'done'
 * })
 * await api.inject({ method: 'POST', url: '/' })
 * (await pool.query('SELECT subject, after FROM audit_log')).rows //=> [{ subject: 'A-1', after: { status: 'pending' } }]
 */
export function describeChange(request: FastifyRequest, details: AuditDetails): void {
  detailsByRequest.set(request, details)
}

export interface AuditDeps {
  readonly pool: Pool
  readonly log: Logger
  /** Called when an entry could not be written: that of a committed change, or of a denied request. */
  readonly onAuditFailed: () => void
}

/**
 * Adds the entries of the requests whose transactions do not write them.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * addAudit(api, { pool, log, onAuditFailed: () => undefined })
 * api.addHook('onRequest', async (request) => rememberPrincipal(request, ENVIRONMENT_KEY))
 * api.post('/', { schema: { scope: 'tokens' } }, () => 'done')
 * await api.inject({ method: 'POST', url: '/' })
 * (await pool.query('SELECT actor, result FROM audit_log')).rows //=> [{ actor: 'environment', result: 'ok' }]
 */
export function addAudit(v1: PanelApi, { pool, log, onAuditFailed }: AuditDeps): void {
  const denials = createDenialLog({ pool, now: () => performance.now() })
  v1.addHook('onSend', async (request, reply, payload) => {
    const { statusCode } = reply
    if (knownPrincipal(request) === undefined || !isRecorded(request, statusCode)) return
    const result = statusCode < 400 ? 'ok' : codeOf(payload)
    const entry = { ...toAudited(request), before: null, after: null, ...detailsByRequest.get(request), result }
    const fail = (error?: unknown): void => {
      onAuditFailed()
      log.error({ err: error, ...entry }, 'entry of the audit log not written')
    }
    try {
      if (statusCode !== 403) await insertEntry(pool, entry)
      else if (!(await denials.write(entry))) fail()
    } catch (error) {
      // The change is committed: the response must not say otherwise.
      fail(error)
    }
  })
}

/** Requests with a mistake and failures of the service changed nothing, and denied no access. */
function isRecorded(request: FastifyRequest, status: number): boolean {
  const scope = request.routeOptions.schema?.scope
  if (status === 403) return true
  if (request.method === 'GET' || scope === 'read') return false
  if (status < 400) return !audited.has(request) && !isRoutine(request)
  return !withError.has(request) && isConflict(request, status)
}

/** A panel's server repeats its registrations, and gets the same conflicts. */
const isConflict = ({ routeOptions: { schema } }: FastifyRequest, status: number): boolean =>
  (status === 404 || status === 409) && schema?.scope !== 'orders:write'

function codeOf(payload: unknown): string {
  try {
    return (JSON.parse(String(payload)) as { code: string }).code
  } catch {
    return 'internal_error'
  }
}

const TEXT_LENGTH_MAX = 2_000

const SUBJECT_NAMES = [
  'orderId',
  'reviewId',
  'deliveryId',
  'requestId',
  'endpointId',
  'webhookId',
  'operatorId',
  'keyId',
  'userId',
] as const

function toAudited(request: FastifyRequest): AuditedRequest {
  const { id, name } = principalOf(request)
  const action = request.routeOptions.schema?.operationId ?? request.routeOptions.url ?? 'unknown'
  const given = { ...textsOf(request.body), ...textsOf(request.params) }
  const subject = SUBJECT_NAMES.map((member) => given[member]).find((value) => value !== undefined) ?? null
  return { actor: id, actorName: name, action, subject, note: given['note'] ?? null, address: request.ip }
}

/** Of a denied request nothing is validated. */
function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  const texts = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(texts.map(([name, text]) => [name, text.slice(0, TEXT_LENGTH_MAX).replaceAll('\0', '')]))
}
