import {
  fullOutgoingWebhookSchema,
  listOutgoingWebhooksQuery,
  outgoingWebhookSchema,
  pageSchema,
  retriedWebhooksSchema,
} from '@paxyo/panel-client'
import type { OutgoingQueue, WebhookEndpoints } from '@paxyo/ledger'
import { z } from 'zod'
import type { AddressRules } from '../../workers/outgoing-webhooks/address-rules.ts'
import type { EnvironmentEndpoint } from '../../workers/outgoing-webhooks/outgoing-webhook-config.ts'
import {
  type ApiDeps,
  decodeCursor,
  idempotencyHeaders,
  operation,
  type PanelApi,
  reject,
  toPage,
} from '@paxyo/panel-api-kit'
import { toAttempt, toOutgoingWebhook } from './outgoing-webhook-view.ts'

export interface OutgoingWebhookDeps {
  readonly outgoingQueue: OutgoingQueue
  readonly webhookEndpoints: WebhookEndpoints
  readonly addressRules: AddressRules
  /** The endpoint that the environment configures. */
  readonly environmentEndpoint: EnvironmentEndpoint | undefined
  /** Called when endpoints were changed, or an outgoing webhook has become due. */
  readonly onEndpointsChanged: () => void
}

const cursorSchema = z.tuple([z.int().positive()])
const params = z.object({ webhookId: z.uuid() })
/** Of all operations on outgoing webhooks and their endpoints. */
export const READ = { scope: 'read', tag: 'Outgoing webhooks' } as const
export const WRITE = { ...READ, scope: 'outgoing_webhooks' } as const

/** `/v1/outgoing-webhooks`: list, read and retry the webhooks that notify the panel of changes. */
export function registerOutgoingWebhookRoutes(api: PanelApi, deps: ApiDeps & OutgoingWebhookDeps): void {
  registerList(api, deps)
  registerRead(api, deps)
  registerRetry(api, deps)
  registerRetryDead(api, deps)
}

function registerList(api: PanelApi, { outgoingQueue }: OutgoingWebhookDeps): void {
  const schema = {
    querystring: listOutgoingWebhooksQuery,
    ...operation({
      ...READ,
      operationId: 'listOutgoingWebhooks',
      summary: 'List outgoing webhooks, newest first',
      description:
        '`state=dead` lists the webhooks whose last retry failed, after three days. Delivered ones are kept for a week.',
      responses: { 200: { description: 'A page of outgoing webhooks.', schema: pageSchema(outgoingWebhookSchema) } },
      errors: ['invalid_cursor'],
    }),
  }
  api.get('/v1/outgoing-webhooks', { schema }, async (request, reply) => {
    const { limit, cursor, ...filter } = request.query
    const position = cursor === undefined ? undefined : decodeCursor(cursorSchema, cursor)
    if (cursor !== undefined && position === undefined) return reject(reply, 'invalid_cursor')
    const rows = await outgoingQueue.list({ ...filter, before: position?.[0], limit: limit + 1 })
    return reply.send(toPage(rows, limit, (row) => [row.queue_number], toOutgoingWebhook))
  })
}

function registerRead(api: PanelApi, { outgoingQueue }: OutgoingWebhookDeps): void {
  const schema = {
    params,
    ...operation({
      ...READ,
      operationId: 'readOutgoingWebhook',
      summary: 'Read an outgoing webhook with its body and its attempts',
      responses: { 200: { description: 'The webhook.', schema: fullOutgoingWebhookSchema } },
      errors: ['outgoing_webhook_not_found'],
    }),
  }
  api.get('/v1/outgoing-webhooks/:webhookId', { schema }, async (request, reply) => {
    const row = await outgoingQueue.read(request.params.webhookId)
    if (row === undefined) return reject(reply, 'outgoing_webhook_not_found')
    return reply.send({
      ...toOutgoingWebhook(row),
      body: row.body,
      attemptHistory: (row.attemptHistory ?? []).map(toAttempt),
    })
  })
}

function registerRetry(api: PanelApi, { outgoingQueue, onEndpointsChanged, log }: ApiDeps & OutgoingWebhookDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params,
    ...operation({
      ...WRITE,
      operationId: 'retryOutgoingWebhook',
      summary: 'Retry an outgoing webhook now',
      description:
        'Sends a webhook in any state again, with the same id, and resets its attempts. One that a newer webhook ' +
        'supersedes is not sent: the newer one has the current state.',
      responses: { 200: { description: 'The webhook is due, or superseded.', schema: outgoingWebhookSchema } },
      errors: ['outgoing_webhook_not_found'],
    }),
  }
  api.post('/v1/outgoing-webhooks/:webhookId/retry', { schema }, async (request, reply) => {
    const { webhookId } = request.params
    const row = await outgoingQueue.retry(webhookId)
    if (row === undefined) return reject(reply, 'outgoing_webhook_not_found')
    log.info({ webhookId }, 'outgoing webhook retry requested')
    onEndpointsChanged()
    return reply.send(toOutgoingWebhook(row))
  })
}

function registerRetryDead(
  api: PanelApi,
  { outgoingQueue, onEndpointsChanged, log }: ApiDeps & OutgoingWebhookDeps,
): void {
  const schema = {
    headers: idempotencyHeaders,
    ...operation({
      ...WRITE,
      operationId: 'retryDeadOutgoingWebhooks',
      summary: 'Retry dead outgoing webhooks',
      responses: { 200: { description: 'The webhooks are due, oldest first.', schema: retriedWebhooksSchema } },
    }),
  }
  api.post('/v1/outgoing-webhooks/retry', { schema }, async (_request, reply) => {
    const result = await outgoingQueue.retryDead()
    log.info(result, 'dead outgoing webhooks retry requested')
    if (result.retried > 0) onEndpointsChanged()
    return reply.send(result)
  })
}
