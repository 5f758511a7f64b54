import type { ConcurrencyLimiter } from '@paxyo/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { PanelApi } from './api.ts'
import { createRepeatedRequests } from './repeated-requests.ts'
import { prepareRejection } from './response.ts'

export const ACCESSES = ['read', 'write'] as const
/** What was full: the queue, or the part of it for one account or order. Or the request has waited too long. */
export const REASONS = ['queue', 'subject', 'time'] as const

/** A request that got 503 because too many wait. */
export interface BusyRejection {
  readonly access: (typeof ACCESSES)[number]
  readonly reason: (typeof REASONS)[number]
}

export interface ConcurrencyDeps {
  /** Called for each rejection. */
  readonly onBusy?: (rejection: BusyRejection) => void
  /** The user whose order it is, if that is known. */
  readonly userOfOrder?: (orderId: string) => string | undefined
}

export interface ConcurrencyOptions extends ConcurrencyDeps {
  /**
   * Limits requests that can change something, which wait for the locks of accounts: those for one account or one order take one slot, one
   * after the other, or a few slots when they share transactions.
   */
  readonly writes: ConcurrencyLimiter
  /** Limits the others, so that these locks do not delay them; as `writes` when undefined. */
  readonly reads?: ConcurrencyLimiter
}

/** Between two log lines. */
const LOG_INTERVAL_MS = 60_000
const QUEUE_RETRY_S = 5
/** Few wait for one account: its turn comes soon. */
const SUBJECT_RETRY_S = 1
const rejectForQueue = prepareRejection('queue_full', QUEUE_RETRY_S)
const rejectForSubject = prepareRejection(
  'queue_full',
  SUBJECT_RETRY_S,
  'too many requests for this account or order are queued',
)

/**
 * Limits the concurrent requests of the routes that are added after this call, so that database connections remain for
 * webhooks. When authentication is added before it, a request without valid credentials takes no place in a queue, and learns
 * nothing about it.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * boundConcurrency(api, { writes: createConcurrencyLimiter(1, 0, 1_000) })
 * api.get('/', () => 'done')
 * (await api.inject('/')).body //=> 'done'
 */
export function boundConcurrency(
  api: PanelApi,
  { writes, reads = writes, onBusy, userOfOrder }: ConcurrencyOptions,
): void {
  const leaveByRequest = new WeakMap<FastifyRequest, () => void>()
  const repeated = createRepeatedRequests()
  let rejected = 0
  let loggedAtMs = -Infinity

  function logRejection(rejection: BusyRejection): void {
    rejected += 1
    const nowMs = performance.now()
    if (nowMs - loggedAtMs < LOG_INTERVAL_MS) return
    api.log.warn({ ...rejection, rejected }, 'requests rejected, too many wait')
    rejected = 0
    loggedAtMs = nowMs
  }

  /** What a request that changes something locks, as far as its address or its body says so. */
  function subjectOf({ params, body }: FastifyRequest): string | undefined {
    const namedUserId = readText(params, 'userId') ?? readText(body, 'userId')
    if (namedUserId !== undefined) return `user ${namedUserId}`
    const orderId = readText(params, 'orderId')
    if (orderId === undefined) return undefined
    const userId = userOfOrder?.(orderId)
    return userId === undefined ? `order ${orderId}` : `user ${userId}`
  }

  /** The reason to reject a request at once. */
  function findFull(request: FastifyRequest): 'queue' | 'subject' | undefined {
    if (isRead(request)) return reads.isFull() ? 'queue' : undefined
    if (writes.isFull()) return 'queue'
    return writes.isFull(subjectOf(request)) ? 'subject' : undefined
  }

  function rejectAsBusy(request: FastifyRequest, reply: FastifyReply, reason: BusyRejection['reason']): FastifyReply {
    const rejection: BusyRejection = { access: isRead(request) ? 'read' : 'write', reason }
    logRejection(rejection)
    onBusy?.(rejection)
    return reason === 'subject' ? rejectForSubject(reply) : rejectForQueue(reply)
  }

  // In a flood a rejection must cost little: before the body is read, if the address says what the request is about.
  api.addHook('onRequest', (request, reply, done) => {
    const full = findFull(request)
    if (full === undefined) done()
    else void rejectAsBusy(request, reply, full)
  })
  api.addHook('preHandler', async (request, reply) => {
    if (!isRead(request)) repeated.begin(request)
    const full = findFull(request)
    if (full !== undefined) return rejectAsBusy(request, reply, full)
    const leave = await (isRead(request) ? reads.enter() : writes.enter(subjectOf(request)))
    if (leave === undefined) return rejectAsBusy(request, reply, 'time')
    leaveByRequest.set(request, leave)
  })
  // Before the response is sent: a client that reads it slowly does not block other requests.
  api.addHook('onSend', (request, _reply, _payload, done) => {
    leaveByRequest.get(request)?.()
    repeated.end(request)
    done()
  })
}

const isRead = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD'

function readText(object: unknown, name: string): string | undefined {
  const value: unknown = typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined
  return typeof value === 'string' ? value : undefined
}
