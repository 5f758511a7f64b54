import {
  listOutgoingWebhooksQuery,
  pageSchema,
  outgoingWebhookSchema,
  retriedWebhooksSchema,
} from '@paxyo/panel-client'
import { z } from 'zod'
import { reject } from '../kit/response.ts'
import { idempotencyHeaders } from '../kit/idempotency.ts'
import { operation } from '../kit/operation.ts'
import { decodeCursor, toPage } from '../kit/page.ts'
import type { ApiDeps, PanelApi } from '../kit/api.ts'
import { listOutgoingWebhooks, retryDeadOutgoingWebhooks, retryOutgoingWebhook } from './outgoing-webhook-lists.ts'

export interface OutgoingWebhookDeps {
  /** Called when an outgoing webhook has become due; undefined when no URL is configured. */
  readonly onOutgoingWebhookDue: (() => void) | undefined
}

const cursorSchema = z.tuple([z.int().positive()])

/** `/v1/outgoing-webhooks`: list and retry the webhooks that notify the panel of refunds. */
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
      summary: 'List outgoing webhooks, newest refund first',
      description: '`state=dead` lists the webhooks whose last retry failed, after three days.',
      responses: { 200: { description: 'A page of outgoing webhooks.', schema: pageSchema(outgoingWebhookSchema) } },
      errors: ['invalid_cursor'],
    }),
  }
  api.get('/v1/outgoing-webhooks', { schema }, async (request, reply) => {
    const { limit, cursor, state } = request.query
    const position = cursor === undefined ? undefined : decodeCursor(cursorSchema, cursor)
    if (cursor !== undefined && position === undefined) return reject(reply, 'invalid_cursor')
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
      summary: 'Retry an outgoing webhook now',
      description: 'Sends a webhook in any state again, with the same id, and resets its attempts.',
      responses: { 200: { description: 'The webhook is due.', schema: outgoingWebhookSchema } },
      errors: ['outgoing_webhook_not_found'],
    }),
  }
  api.post('/v1/outgoing-webhooks/:refundId/retry', { schema }, async (request, reply) => {
    const { refundId } = request.params
    const webhook = await retryOutgoingWebhook(db, refundId)
    if (webhook === undefined) return reject(reply, 'outgoing_webhook_not_found')
    log.info({ refundId }, 'outgoing webhook retry requested')
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
      summary: 'Retry dead outgoing webhooks',
      responses: {
        200: {
          description: 'The webhooks are due, oldest first.',
          schema: retriedWebhooksSchema,
        },
      },
    }),
  }
  api.post('/v1/outgoing-webhooks/retry', { schema }, async (_request, reply) => {
    const result = await retryDeadOutgoingWebhooks(db)
    log.info(result, 'dead outgoing webhooks retry requested')
    if (result.retried > 0) onOutgoingWebhookDue?.()
    return reply.send(result)
  })
}
