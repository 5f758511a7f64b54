import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import type { Terminal } from '../terminal.ts'
import type { DeliveryRow, OrderFile, RefundRow } from './read-order-file.ts'
import { refundStatus } from './refund-status.ts'

const BODY_LENGTH_MAX = 100

/** One order on one screen, the status of its refund first. */
export function renderOrder(file: OrderFile, { style }: Pick<Terminal, 'style'>): string {
  const { order, formerProviderOrders, account, refunds, deliveries, reviews, events } = file
  const heading = (text: string, rows: readonly unknown[]): string => style('bold', `${text} (${rows.length})`)
  return [
    `${style('bold', `Order ${printable(order.orderId)}`)}: ${printable(refundStatus(file))}`,
    '',
    table([
      ['status', order.status + progress(order.remains, order.quantity), 'user', printable(order.userId)],
      ['charge', `${order.charge} ${account.currency}`, 'balance', balanceOf(account)],
      [
        'refunded',
        `${order.refunded} ${account.currency}`,
        'at provider',
        order.providerOrderId === null ? 'none yet' : `${order.provider} ${printable(order.providerOrderId)}`,
      ],
      ['registered', order.createdAt, 'changed', order.updatedAt],
    ]),
    `service  ${printable(order.service)}`,
    `link     ${printable(order.link)}`,
    ...formerProviderOrders.map(
      ({ provider, providerOrderId, until }) => `until ${until} at provider ${provider} ${printable(providerOrderId)}`,
    ),
    '',
    heading('Refunds', refunds),
    table(
      refunds.map(({ at, amount, balanceAfter, entryId, ...receipt }) => [
        `  ${at}`,
        amount,
        `balance ${balanceAfter}`,
        receiptOf(receipt),
        entryId,
      ]),
    ),
    heading('Deliveries', deliveries),
    renderDeliveries(deliveries),
    heading('Reviews', reviews),
    table(
      reviews.map((review) => [
        `  ${review.openedAt}`,
        review.reason,
        review.resolvedAt === null
          ? 'open'
          : `resolved by ${printable(review.resolvedBy!)}: ${printable(review.resolution!)}`,
        review.reviewId,
      ]),
    ),
    heading('Events', events),
    table(
      events.map(({ seq, at, event, status, isWaiting }) => [
        `  ${at}`,
        `seq ${seq}`,
        event,
        status,
        isWaiting ? style('yellow', 'in the outbox') : 'published',
      ]),
    ),
  ]
    .filter((part, index) => part !== '' || index < 9 + formerProviderOrders.length)
    .join('\n')
}

const receiptOf = ({ sentAt, sentTo, seenAt }: Pick<RefundRow, 'sentAt' | 'sentTo' | 'seenAt'>): string => {
  const sent = sentAt === null ? '' : `sent to ${sentTo} ${sentTo === 1 ? 'connection' : 'connections'} ${sentAt}`
  const seen = seenAt === null ? 'not seen yet' : `seen ${seenAt}`
  return [sent, seen].filter((part) => part !== '').join(', ')
}

/** The deliveries of an order that the panel has not registered. */
export function renderWaiting(id: string, deliveries: readonly DeliveryRow[]): string {
  return [
    `Order ${printable(id)} is not registered. These deliveries wait for its registration with POST /v1/orders:`,
    renderDeliveries(deliveries),
  ].join('\n')
}

/** In external mode the panel keeps the balance, and the ledger's is only what was refunded. */
const balanceOf = ({ mode, balance, currency }: OrderFile['account']): string =>
  mode === 'kept' ? `${balance} ${currency}` : 'kept by the panel'

function renderDeliveries(deliveries: readonly DeliveryRow[]): string {
  return table(
    deliveries.map(({ receivedAt, outcome, reason, body }) => [
      `  ${receivedAt}`,
      reason === null ? outcome : `${outcome} (${reason})`,
      body === null ? 'body not kept' : printable(body.slice(0, BODY_LENGTH_MAX)),
    ]),
  )
}

function progress(remains: string | null, quantity: string): string {
  return remains === null ? ` (${quantity})` : ` (${remains} of ${quantity} remain)`
}
