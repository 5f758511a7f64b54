import type { ErrorCode } from '@paxyo/contracts'
import { isDatabaseUnavailable } from '@paxyo/database'
import {
  toDeliveries,
  type Batcher,
  type Delivery,
  type DeliveryResult,
  type NewId,
  type RejectedRequest,
} from '@paxyo/ledger'
import { formatMoney, type Provider } from '@paxyo/order-core'
import {
  BODY_BYTES_MAX,
  readBody,
  rejectUnauthenticated,
  sendProblem,
  traceOf,
  type BodyHeaders,
  type FailureThrottle,
  type TraceFields,
} from '@paxyo/service-kit'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { AuthenticatedSender, AuthenticateWebhook, Credentials } from './authenticate.ts'

/** A provider and the authentication of its webhooks. */
export interface WebhookSource {
  readonly provider: Provider
  readonly authenticate: AuthenticateWebhook
}

export interface WebhookDeps {
  readonly sources: readonly WebhookSource[]
  readonly batcher: Batcher
  /** For requests that are not authenticated. */
  readonly throttle: FailureThrottle
  /** Keeps a request that is authenticated and cannot be read. @returns its id. */
  readonly keepRejected: (request: RejectedRequest) => Promise<string>
  readonly newId: NewId
  readonly now: () => Date
  readonly log: Logger
  /** Called after each response. */
  readonly onResponse: (status: number, durationMs: number, results: readonly DeliveryResult[]) => void
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The results of a webhook's updates, set after they are committed. */
    webhookResults?: readonly DeliveryResult[]
    /** The Content-Type of a webhook, as it was sent. */
    webhookContentType?: string | undefined
  }
}

/** Dependencies for the webhooks of one provider. */
interface Receiver extends WebhookDeps, WebhookSource {
  readonly deliveryLog: Logger
}

interface Route {
  Params: { readonly token?: string }
  Body: Buffer | undefined
}

type WebhookRequest = FastifyRequest<Route>

const RETRY_AFTER_S = 5
/** As nginx calls it: the client disconnected before the response. */
const CLIENT_CLOSED_REQUEST = 499
const POST_REQUIRED = 'this address is for the provider, which must POST its webhooks here'
const CREDENTIALS_REQUIRED = 'send a valid signature, or a valid token in the path or in a header'

/** `POST /webhooks/:provider[/:token][/]`: bytes → authenticated → parsed → committed → response. */
export function registerWebhookRoute(app: FastifyInstance, deps: WebhookDeps): void {
  // The lines of this log contain only ids and outcomes. Redaction would cost more than writing them.
  const deliveryLog = deps.log.child({}, { redact: [] })
  void app.register((scope, _options, done) => {
    // The signature covers the exact bytes, and providers send any content type or none.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body))
    // A content type is a hint for the parser. Fastify would reject one that is not a media type, and nothing would be kept.
    scope.addHook('onRequest', async (request) => {
      request.webhookContentType = request.headers['content-type']
      delete request.raw.headers['content-type']
    })
    // A hook, because Fastify responds to bodies that are too large before the handler runs.
    scope.addHook('onResponse', async ({ webhookResults = [] }, reply) => {
      deps.onResponse(reply.statusCode, reply.elapsedTime, webhookResults)
    })
    for (const source of deps.sources) registerSource(scope, { ...deps, ...source, deliveryLog })
    done()
  })
}

const OTHER_METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] as const

function registerSource(scope: FastifyInstance, receiver: Receiver): void {
  const path = `/webhooks/${receiver.provider.name}`
  for (const url of [path, `${path}/`, `${path}/:token`, `${path}/:token/`]) {
    scope.post<Route>(url, {
      handler: (request, reply) => receive(receiver, request, reply),
      errorHandler: (error, request, reply) => rejectUnread(receiver, error, request, reply),
    })
    scope.route({
      method: [...OTHER_METHODS],
      url,
      handler: (_request, reply) => sendProblem(reply.header('allow', 'POST'), 'method_not_allowed', POST_REQUIRED),
    })
  }
}

async function receive(deps: Receiver, request: WebhookRequest, reply: FastifyReply): Promise<FastifyReply> {
  const receivedAt = deps.now()
  const body = request.body ?? Buffer.alloc(0)
  const sender = deps.authenticate(credentialsOf(request, body), receivedAt.getTime())
  const trace = traceOf(request.headers['traceparent'])
  if (sender === undefined) return rejectSender(deps, request, reply, 'unauthorized')
  // The hook is about responses that were sent. This costs 1 µs.
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) deps.onResponse(CLIENT_CLOSED_REQUEST, reply.elapsedTime, [])
  })

  const read = await readBody(headersOf(request), body)
  const parsed = 'error' in read ? read : deps.provider.parseUpdates(read.contentType, read.bytes)
  if ('error' in parsed) return keepAndReject(deps, request, reply, { ...parsed, sender, receivedAt, body })

  const source = { provider: deps.provider.name, messageId: sender.messageId, receivedAt }
  const deliveries = toDeliveries(parsed.updates, source, deps.newId)
  const results = await deps.batcher.submit(deliveries)
  if (typeof results === 'string') {
    if (results !== 'internal_error') void reply.header('retry-after', RETRY_AFTER_S)
    return reject(deps, request, reply, trace, results)
  }
  request.webhookResults = results
  results.forEach((result, index) => logResult(deps.deliveryLog, trace, deliveries[index]!, result))
  return reply.send({ results: results.map((result, index) => toResponse(deliveries[index]!, result)) })
}

const credentialsOf = (request: WebhookRequest, body: Buffer): Credentials => ({
  headers: request.headers,
  pathToken: request.params.token,
  body,
  address: request.ip,
})

const headersOf = ({ headers, webhookContentType }: WebhookRequest): BodyHeaders => ({
  contentType: webhookContentType,
  contentEncoding: headers['content-encoding'],
})

/** The body is not kept: a sender that is not authenticated could fill the disk with it. */
function rejectSender(
  { throttle, provider }: Receiver,
  request: WebhookRequest,
  reply: FastifyReply,
  code: ErrorCode,
): FastifyReply {
  const fields = { ...traceOf(request.headers['traceparent']), provider: provider.name }
  return rejectUnauthenticated(request, reply, {
    throttle,
    detail: CREDENTIALS_REQUIRED,
    fields,
    code,
  })
}

/** Keeps a request that is too large, if a token in its path or headers authenticates it. */
function rejectUnread(deps: Receiver, error: FastifyError, request: WebhookRequest, reply: FastifyReply): void {
  const receivedAt = deps.now()
  if (error.code !== 'FST_ERR_CTP_BODY_TOO_LARGE') return void reply.send(error)
  const sender = deps.authenticate(credentialsOf(request, Buffer.alloc(0)), receivedAt.getTime())
  // A signature covers the body, which was not read: the sender may be authentic.
  if (sender === undefined) return void rejectSender(deps, request, reply, 'body_too_large')
  const detail = `a webhook may have at most ${BODY_BYTES_MAX} bytes`
  const unread: Unreadable = { error: 'body_too_large', detail, sender, receivedAt, body: undefined }
  keepAndReject(deps, request, reply, unread).catch((failure: unknown) => reply.send(failure))
}

interface Unreadable {
  readonly error: ErrorCode
  readonly detail?: string
  readonly sender: AuthenticatedSender
  readonly receivedAt: Date
  readonly body: Buffer | undefined
}

/** Responds 503 when the request cannot be kept, so that the provider retries it: no authenticated request is lost. */
async function keepAndReject(
  deps: Receiver,
  request: WebhookRequest,
  reply: FastifyReply,
  { error, detail, sender, receivedAt, body }: Unreadable,
): Promise<FastifyReply> {
  const { messageId } = sender
  const kept = { provider: deps.provider.name, receivedAt, reason: error, detail, messageId, address: request.ip, body }
  const requestId = await deps.keepRejected({ ...kept, ...headersOf(request) }).catch((failure: unknown) => {
    if (!isDatabaseUnavailable(failure)) throw failure
    return undefined
  })
  const trace = traceOf(request.headers['traceparent'])
  if (requestId === undefined) {
    void reply.header('retry-after', RETRY_AFTER_S)
    return reject(deps, request, reply, trace, 'database_unavailable')
  }
  const hint = `kept as rejected request ${requestId}`
  return reject(
    deps,
    request,
    reply,
    { ...trace, requestId },
    error,
    detail === undefined ? hint : `${detail}; ${hint}`,
  )
}

function reject(
  { log, provider }: Receiver,
  request: WebhookRequest,
  reply: FastifyReply,
  fields: TraceFields & { readonly requestId?: string },
  code: ErrorCode,
  detail?: string,
): FastifyReply {
  log.warn({ ...fields, provider: provider.name, code, address: request.ip }, 'webhook rejected')
  return sendProblem(reply, code, detail)
}

function toResponse({ update }: Delivery, { outcome, review, refund }: DeliveryResult): Record<string, unknown> {
  return {
    orderId: update?.providerOrderId ?? null,
    outcome,
    ...(review === undefined ? {} : { reason: review }),
    ...(refund === undefined ? {} : { refund: formatMoney(refund) }),
  }
}

function logResult(log: Logger, trace: TraceFields, delivery: Delivery, result: DeliveryResult): void {
  const level = result.outcome === 'review' ? 'warn' : 'info'
  log[level](
    {
      ...trace,
      provider: delivery.provider,
      deliveryId: delivery.deliveryId,
      ...toResponse(delivery, result),
      ...result.event,
    },
    'webhook committed',
  )
}
