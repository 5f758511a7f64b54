import {
  listOutgoingWebhooksQuery,
  pageSchema,
  outgoingWebhookSchema,
  retriedWebhooksSchema,
} from '@paxyo/panel-client'
import { z } from 'zod'
import { refuse } from '../kit/answer.ts'
import { idempotencyHeaders } from '../kit/idempotency.ts'
import { operation } from '../kit/operation.ts'
import { decodeCursor, toPage } from '../kit/page.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { listOutgoingWebhooks, retryDeadOutgoingWebhooks, retryOutgoingWebhook } from './outgoing-webhook-lists.ts'

export interface OutgoingWebhookDeps {
  /** Called when an outgoing webhook has become due; undefined when none are sent. */
  readonly onOutgoingWebhookDue: (() => void) | undefined
}

const cursorSchema = z.tuple([z.int().positive()])

/** `/v1/outgoing-webhooks`: what became of the webhooks that tell the panel of refunds. */
export function registerOutgoingWebhookRoutes(api: PanelApi, deps: ApiDeps & OutgoingWebhookDeps): void {
  registerList(api, deps)
  registerRetry(api, deps)
  registerRetryDead(api, deps)
}

function registerList(api: PanelApi, { db }: ApiDeps): void {
  const schema = {
    querystring: listOutgoingWebhooksQuery,
    ...operation({
      operationId: 'listOutgoingWebhooks',
      tag: 'Outgoing webhooks',
      summary: 'List webhooks to the panel, the newest refund first',
      description: '`state=dead` lists those that were given up after three days.',
      answers: { 200: { description: 'A page of them.', schema: pageSchema(outgoingWebhookSchema) } },
      refusals: ['invalid_cursor'],
    }),
  }
  api.get('/v1/outgoing-webhooks', { schema }, async (request, reply) => {
    const { limit, cursor, state } = request.query
    const position = cursor === undefined ? undefined : decodeCursor(cursorSchema, cursor)
    if (cursor !== undefined && position === undefined) return refuse(reply, 'invalid_cursor')
    const rows = await listOutgoingWebhooks(db, { state, before: position?.[0], limit: limit + 1 })
    return reply.send(
      toPage(
        rows,
        limit,
        (row) => [row.position],
        (row) => row,
      ),
    )
  })
}

function registerRetry(api: PanelApi, { db, onOutgoingWebhookDue, log }: ApiDeps & OutgoingWebhookDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params: z.object({ refundId: z.uuid() }),
    ...operation({
      operationId: 'retryOutgoingWebhook',
      tag: 'Outgoing webhooks',
      summary: 'Send a webhook again, now',
      description: 'Whatever has become of it, with the same id, and with all its attempts before it.',
      answers: { 200: { description: 'It is due.', schema: outgoingWebhookSchema } },
      refusals: ['outgoing_webhook_not_found'],
    }),
  }
  api.post('/v1/outgoing-webhooks/:refundId/retry', { schema }, async (request, reply) => {
    const { refundId } = request.params
    const webhook = await retryOutgoingWebhook(db, refundId)
    if (webhook === undefined) return refuse(reply, 'outgoing_webhook_not_found')
    log.info({ refundId }, 'webhook to the panel is sent again')
    onOutgoingWebhookDue?.()
    return reply.send(webhook)
  })
}

function registerRetryDead(api: PanelApi, { db, onOutgoingWebhookDue, log }: ApiDeps & OutgoingWebhookDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    ...operation({
      operationId: 'retryDeadOutgoingWebhooks',
      tag: 'Outgoing webhooks',
      summary: 'Send webhooks again that were given up',
      answers: {
        200: {
          description: 'They are due, the oldest first.',
          schema: retriedWebhooksSchema,
        },
      },
    }),
  }
  api.post('/v1/outgoing-webhooks/retry', { schema }, async (_request, reply) => {
    const result = await retryDeadOutgoingWebhooks(db)
    log.info(result, 'webhooks to the panel that were given up are sent again')
    if (result.retried > 0) onOutgoingWebhookDue?.()
    return reply.send(result)
  })
}
