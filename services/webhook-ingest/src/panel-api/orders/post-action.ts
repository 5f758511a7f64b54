import { identifierSchema } from '@paxyo/contracts'
import { actionNeeds, actOnOrder, type DoneAction, type OrderAction, type SuccessResponse } from '@paxyo/ledger'
import { formatMoney, parseMoney } from '@paxyo/order-core'
import { actedOnOrderSchema, actOnOrderSchema, type OrderActionView, type ParsedActOnOrder } from '@paxyo/panel-client'
import { z } from 'zod'
import { accountView } from '../accounts/account-view.ts'
import {
  type AccountWriteDeps,
  authorOf,
  commitAccountWrite,
  idempotencyHeaders,
  operation,
  type PanelApi,
  sendResponse,
} from '@paxyo/panel-api-kit'

/** `POST /v1/orders/:orderId/actions`: the owner acts on any order. */
export function registerPostAction(api: PanelApi, deps: AccountWriteDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params: z.object({ orderId: identifierSchema }),
    body: actOnOrderSchema,
    ...operation({
      operationId: 'actOnOrder',
      scope: 'refunds:write',
      tag: 'Orders',
      summary: 'Refund, cancel or set the status of an order',
      description:
        'Never refunds more than the charge in all. The user sees the change at once, and it stays in the history of the ' +
        'order. Send an Idempotency-Key, so that a retry has no second effect.',
      responses: { 200: { description: 'It is done.', schema: actedOnOrderSchema } },
      errors: [
        'order_not_found',
        'refund_exceeds_charge',
        'refund_limit_exceeded',
        'balance_limit_exceeded',
        'idempotency_key_reused',
        'idempotency_key_in_use',
      ],
    }),
  }
  api.post('/v1/orders/:orderId/actions', { schema }, async (request, reply) => {
    const { orderId } = request.params
    const action = toAction(request.body, authorOf(request, request.body.actor))
    const response = await commitAccountWrite(deps, request, {
      needs: actionNeeds(orderId, action),
      decide(tx) {
        const done = actOnOrder(tx, orderId, action)
        return typeof done === 'string' ? done : toResponse(action, done, tx.rows.epoch)
      },
    })
    const outcome = typeof response === 'string' ? response : response.status
    deps.log.info({ orderId, action: action.action, actor: action.actor, keyId: action.keyId, outcome }, 'order action')
    return sendResponse(reply, response)
  })
}

function toResponse(action: OrderAction, done: DoneAction, epoch: string): SuccessResponse {
  const { order, account, refund, before } = done
  const body = {
    action: toView(action, done),
    order,
    userId: account.userId,
    account: accountView(account),
    refund: refund ?? null,
    seq: account.lastSeq,
    epoch,
  }
  const after = {
    action: action.action,
    status: order.status,
    refunded: order.refunded,
    refund: refund?.amount ?? null,
  }
  return { status: 200, body, audit: { before: { ...before, refunded: formatMoney(before.refunded) }, after } }
}

function toAction(body: ParsedActOnOrder, author: ReturnType<typeof authorOf>): OrderAction {
  return {
    action: body.action,
    amount: body.action === 'refund' ? parseMoney(body.amount) : undefined,
    status: body.action === 'set_status' ? body.status : undefined,
    note: body.note,
    ...author,
  }
}

const toView = ({ action, note, keyId }: OrderAction, done: DoneAction): OrderActionView => ({
  actionId: done.actionId,
  action,
  status: done.status ?? null,
  refundId: done.refund?.refundId ?? null,
  note,
  by: done.actor,
  keyId,
  at: done.at.toISOString(),
})
