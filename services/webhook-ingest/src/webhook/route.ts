import type { ErrorCode } from '@paxyo/contracts'
import type { Batcher, Delivery, DeliveryResult, NewId } from '@paxyo/ledger'
import { formatMoney, type ParsedUpdate, type Provider } from '@paxyo/order-core'
import { sendProblem, traceOf, type TraceFields } from '@paxyo/service-kit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hash } from 'node:crypto'
import type { Logger } from 'pino'
import type { AuthenticateWebhook } from './authenticate.ts'

/** A provider and the authentication of its webhooks. */
export interface WebhookSource {
  readonly provider: Provider
  readonly authenticate: AuthenticateWebhook
}

export interface WebhookDeps {
  readonly sources: readonly WebhookSource[]
  readonly batcher: Batcher
  readonly newId: NewId
  readonly now: () => Date
  readonly log: Logger
  /** Called after each response. */
  readonly onResponse: (status: number, durationMs: number, results: readonly DeliveryResult[]) => void
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The results of its updates, set after they are committed. */
    webhookResults?: readonly DeliveryResult[]
  }
}

/** Dependencies for the webhooks of one provider. */
interface Receiver extends WebhookDeps, WebhookSource {
  readonly deliveryLog: Logger
}

interface Params {
  readonly token?: string
}

const RETRY_AFTER_S = 5
/** A delivery id made from such a message id fits into an index, a path and a cursor. */
const MESSAGE_ID = /^[\x21-\x7e]{1,200}$/
const CREDENTIALS_REQUIRED = 'send a valid signature, or a valid token in the path or in a header'

/** `POST /webhooks/:provider[/:token]`: bytes → authenticated → parsed → committed → response. */
export function registerWebhookRoute(app: FastifyInstance, deps: WebhookDeps): void {
  // Its lines contain only ids and outcomes. Redaction would cost more than writing them.
  const deliveryLog = deps.log.child({}, { redact: [] })
  void app.register((scope, _options, done) => {
    // The signature covers the exact bytes, so the body is parsed only after the check.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      ['application/json', 'application/x-www-form-urlencoded'],
      { parseAs: 'buffer' },
      (_request, body, parsed) => parsed(null, body),
    )
    // Fastify responds to bodies that are too large or of another type before the handler runs.
    scope.addHook('onResponse', async ({ webhookResults = [] }, reply) => {
      deps.onResponse(reply.statusCode, reply.elapsedTime, webhookResults)
    })
    for (const source of deps.sources) {
      const receiver: Receiver = { ...deps, ...source, deliveryLog }
      const path = `/webhooks/${source.provider.name}`
      for (const url of [path, `${path}/:token`]) {
        scope.post<{ Params: Params; Body: Buffer | undefined }>(url, (request, reply) =>
          receive(receiver, request, reply),
        )
      }
    }
    done()
  })
}

async function receive(
  deps: Receiver,
  request: FastifyRequest<{ Params: Params; Body: Buffer | undefined }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const receivedAt = deps.now()
  const body = request.body ?? Buffer.alloc(0)
  const credentials = { headers: request.headers, pathToken: request.params.token, body, address: request.ip }
  const sender = deps.authenticate(credentials, receivedAt.getTime())
  const trace = traceOf(request.headers['traceparent'])
  if (sender === undefined) return reject(deps, request, reply, trace, 'unauthorized', CREDENTIALS_REQUIRED)

  const parsed = deps.provider.parseUpdates(request.headers['content-type'], body)
  if ('error' in parsed) return reject(deps, request, reply, trace, parsed.error, parsed.detail)

  const deliveries = toDeliveries(parsed.updates, sender.messageId, deps, receivedAt)
  const results = await deps.batcher.submit(deliveries)
  if (typeof results === 'string') {
    if (results !== 'internal_error') void reply.header('retry-after', RETRY_AFTER_S)
    return reject(deps, request, reply, trace, results)
  }
  request.webhookResults = results
  results.forEach((result, index) => logResult(deps.deliveryLog, trace, deliveries[index]!, result))
  return reply.send({ results: results.map((result, index) => toResponse(deliveries[index]!, result)) })
}

function reject(
  { log, provider }: Receiver,
  request: FastifyRequest,
  reply: FastifyReply,
  trace: TraceFields,
  code: ErrorCode,
  detail?: string,
): FastifyReply {
  log.warn({ ...trace, provider: provider.name, code, address: request.ip }, 'webhook rejected')
  return sendProblem(reply, code, detail)
}

/**
 * A signed message keeps its id when the provider retries it. The delivery id also contains the body, so that a second
 * message under the same id is not lost, and the provider, because two providers may use the same id. A request without
 * a signature gets a new id. A message id that is too long for an index or not usable in a path is replaced by its
 * digest.
 */
function toDeliveries(
  updates: readonly ParsedUpdate[],
  signedId: string | undefined,
  { newId, provider }: Receiver,
  receivedAt: Date,
): Delivery[] {
  const messageId = signedId === undefined || MESSAGE_ID.test(signedId) ? signedId : digestOf(signedId)
  return updates.map(({ update, body }, index) => {
    const deliveryId =
      messageId === undefined ? newId() : `${messageId}:${index}:${digestOf(`${provider.name}\n${body}`)}`
    return { deliveryId, provider: provider.name, update, body, receivedAt }
  })
}

const digestOf = (text: string): string => hash('sha256', text, 'base64url').slice(0, 16)

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
