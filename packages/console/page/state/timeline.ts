import type { OrderHistory } from '@paxyo/panel-client'

/** A line of an order's story. */
export type Moment = { readonly at: string; readonly key: string } & (
  | { readonly kind: 'registered' }
  | {
      readonly kind: 'attached'
      readonly provider: string
      readonly providerOrderId: string
      readonly isFirst: boolean
    }
  | {
      readonly kind: 'delivery'
      readonly deliveryId: string
      readonly provider: string
      readonly outcome: string
      readonly reason: string | null
      readonly body: string | null
    }
  | {
      readonly kind: 'refund'
      readonly amount: string
      readonly balanceAfter: string
      readonly sent: { readonly connections: number; readonly afterMs: number } | null
      readonly seenAfterMs: number | null
    }
  | {
      readonly kind: 'action'
      readonly action: string
      readonly status: string | null
      readonly by: string
      readonly note: string
    }
)

/** What happens in the same instant: first its cause, then its effects. */
const RANKS: Readonly<Record<Moment['kind'], number>> = {
  registered: 0,
  attached: 1,
  delivery: 2,
  action: 3,
  refund: 4,
}

/** The story of an order, from its registration to now. */
export function timelineOf({ order, providerOrders, deliveries, refunds, actions }: OrderHistory): Moment[] {
  const moments: Moment[] = [
    { kind: 'registered', at: order.createdAt, key: 'registered' },
    ...providerOrders.map(({ from, provider, providerOrderId }, index): Moment => ({
      kind: 'attached',
      at: from,
      key: `attached ${from} ${providerOrderId}`,
      provider,
      providerOrderId,
      isFirst: index === 0,
    })),
    ...deliveries.map(({ receivedAt, deliveryId, provider, outcome, reason, body }): Moment => ({
      kind: 'delivery',
      at: receivedAt,
      key: `delivery ${deliveryId}`,
      deliveryId,
      provider,
      outcome,
      reason,
      body,
    })),
    ...actions.map(({ at, actionId, action, status, by, note }): Moment => ({
      kind: 'action',
      at,
      key: `action ${actionId}`,
      action,
      status,
      by,
      note,
    })),
    ...refunds.map(({ createdAt, refundId, amount, balanceAfter, sent, seenAt }): Moment => ({
      kind: 'refund',
      at: createdAt,
      key: `refund ${refundId}`,
      amount,
      balanceAfter,
      sent: sent && { connections: sent.connections, afterMs: between(createdAt, sent.at) },
      seenAfterMs: seenAt === null ? null : between(createdAt, seenAt),
    })),
  ]
  return moments.toSorted(
    (one, other) => Date.parse(one.at) - Date.parse(other.at) || RANKS[one.kind] - RANKS[other.kind],
  )
}

/** What a delivery did: the changes until the next delivery. */
export function effectsOf(moments: readonly Moment[], deliveryId: string): readonly Moment[] {
  const from = moments.findIndex((moment) => moment.kind === 'delivery' && moment.deliveryId === deliveryId)
  if (from < 0) return []
  const after = moments.slice(from + 1)
  const next = after.findIndex(({ kind }) => kind === 'delivery')
  return after.slice(0, next < 0 ? undefined : next)
}

const between = (from: string, to: string): number => Math.max(0, Date.parse(to) - Date.parse(from))
