import {
  type AccountWrite,
  type AccountWrites,
  commitOnce,
  createGrouping,
  type AuditedRequest,
  type AuditedWork,
  type LedgerDeps,
  type OnceWork,
  type WrittenResponse,
} from '@paxyo/ledger'
import { ERROR_CODES, type ErrorCode } from '@paxyo/contracts'
import { insertAuditCalls, type AuditCall } from '@paxyo/database'
import type { FastifyRequest } from 'fastify'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { TOKENS_MAX } from './api-limits.ts'
import type { PanelApi } from './api.ts'
import { isRoutine, toAuditCall, toAudited } from './audited-request.ts'
import { createDenialLog, insertEntry } from './denials.ts'
import { idempotentRequest } from './idempotency.ts'
import { knownPrincipal } from './principal.ts'
import { shareResponse } from './repeated-requests.ts'

// Every request that changes something is in the audit log. An operation that changes rows of the ledger writes its entry in the
// same transaction; the others, and requests that were denied, have theirs written before the response is sent. Denials of the same
// operation are in it once a minute. The routine calls of API keys, registrations and tokens, are recorded without the lock of the
// log's end, and chained in groups.

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
export function commitRequest(
  deps: LedgerDeps,
  request: FastifyRequest,
  work: OnceWork,
): Promise<WrittenResponse | ErrorCode> {
  const change = auditedChange(request)
  const idempotent = idempotentRequest(request)
  return shareResponse(request, idempotent, () => commitOnce(deps, idempotent, work, change))
}

export interface AccountWriteDeps {
  readonly accountWrites: AccountWrites
  readonly log: Logger
}

/**
 * Commits the change of an account or an order once, in a group with others, with its entry of the audit log. A request that repeats
 * one that was in flight returns its response.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.addHook('onRequest', async (request) => rememberPrincipal(request, ENVIRONMENT_KEY))
 * const accountWrites = createAccountWrites({ ...ledger, log })
 * const decide = () => ({ status: 201, body: {} }) as const
 * app.post('/', async (request, reply) => sendResponse(reply, await commitAccountWrite({ accountWrites }, request, { needs: {}, decide })))
 * (await app.inject({ method: 'POST', url: '/' })).statusCode //=> 201
 */
export function commitAccountWrite(
  { accountWrites }: Pick<AccountWriteDeps, 'accountWrites'>,
  request: FastifyRequest,
  write: AccountWrite,
): Promise<WrittenResponse | ErrorCode> {
  const change = auditedChange(request)
  const idempotent = idempotentRequest(request)
  return shareResponse(request, idempotent, () => accountWrites.commit(idempotent, write, change))
}

/**
 * What the audit log has about a request, for the transaction that commits its change.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * api.addHook('onRequest', async (request) => rememberPrincipal(request, ENVIRONMENT_KEY))
 * const work = async () => ({ status: 201, body: {} }) as const
 * api.post('/', { schema: { scope: 'orders:write' } }, async (request) => {
 *   await commitOnce(ledger, undefined, work, auditedChange(request))
 *   return 'done'
 * })
 * await api.inject({ method: 'POST', url: '/' })
 * (await pool.query('SELECT actor, result FROM audit_calls')).rows //=> [{ actor: 'environment', result: 'ok' }]
 */
export function auditedChange(request: FastifyRequest): AuditedWork {
  audited.add(request)
  return {
    isErrorAudited: (code) => isConflict(ERROR_CODES[code].status),
    record(changes, outcome) {
      if (outcome.result !== 'ok') withError.add(request)
      if (isRoutine(request)) changes.others.push(insertAuditCalls([toAuditCall(request, outcome)]))
      else changes.audit.push({ ...toAudited(request), ...outcome })
    },
  }
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

/** Records tokens. */
export interface TokenLog {
  /**
   * Resolves once the token is recorded: it must not be sent before.
   *
   * @param jti the id of the token.
   * @throws the database's errors.
   */
  record(request: FastifyRequest, jti: string): Promise<void>
}

/**
 * Creates a `TokenLog`. Tokens that are minted while others are recorded share the next statement, and its commit.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * api.addHook('onRequest', async (request) => rememberPrincipal(request, ENVIRONMENT_KEY))
 * const tokens = createTokenLog(pool)
 * api.post('/', { schema: { scope: 'tokens', operationId: 'mintToken' } }, async (request) => {
 *   await tokens.record(request, 'a-jti')
 *   return 'done'
 * })
 * await api.inject({ method: 'POST', url: '/' })
 * (await pool.query('SELECT subject FROM audit_calls')).rows //=> [{ subject: 'a-jti' }]
 */
export function createTokenLog(pool: Pick<Pool, 'query'>): TokenLog {
  const recording = createGrouping<AuditCall, void>(TOKENS_MAX, async (calls) => {
    await pool.query(insertAuditCalls(calls))
    return calls.map(() => undefined)
  })
  return {
    async record(request, jti) {
      audited.add(request)
      const outcome = { before: null, after: null, result: 'ok' }
      if (isRoutine(request)) await recording.submit(toAuditCall(request, { ...outcome, subject: jti }))
      else await insertEntry(pool, { ...toAudited(request), ...outcome, after: { jti } })
    },
  }
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
    const outcome = { before: null, after: null, ...detailsByRequest.get(request), result }
    const entry = { ...toAudited(request), ...outcome }
    const fail = (error?: unknown): void => {
      onAuditFailed()
      log.error({ err: error, ...entry }, 'entry of the audit log not written')
    }
    try {
      if (statusCode === 403) {
        if (!(await denials.write(entry))) fail()
      } else if (isRoutine(request)) await pool.query(insertAuditCalls([toAuditCall(request, outcome)]))
      else await insertEntry(pool, entry)
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
  return status < 400 ? !audited.has(request) : !withError.has(request) && isConflict(status)
}

const isConflict = (status: number): boolean => status === 404 || status === 409

function codeOf(payload: unknown): string {
  try {
    return (JSON.parse(String(payload)) as { code: string }).code
  } catch {
    return 'internal_error'
  }
}
