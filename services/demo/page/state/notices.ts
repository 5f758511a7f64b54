import type { AccountView, OrderView, RefundView } from '@paxyo/browser-client'

/** A change that the user is notified of. Progress of an order is not included: its row shows it. */
export type Notice = { readonly seq: number; readonly at: string } & (
  | { readonly kind: 'registered' | 'status'; readonly order: OrderView; readonly refund?: RefundView }
  | { readonly kind: 'balance'; readonly account: AccountView }
)

/** The notice for a change of an order; undefined if only its figures changed. */
export function orderNotice(
  before: OrderView | undefined,
  { seq, at, order, refund }: { seq: number; at: string; order: OrderView; refund?: RefundView | undefined },
  isNew: boolean,
): Notice | undefined {
  if (isNew) return { kind: 'registered', seq, at, order }
  if (refund !== undefined) return { kind: 'status', seq, at, order, refund }
  return before?.status === order.status ? undefined : { kind: 'status', seq, at, order }
}
