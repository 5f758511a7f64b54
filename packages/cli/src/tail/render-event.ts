import type { OrderEvent } from '@paxyo/contracts'
import { printable } from '../output/printable.ts'
import type { Terminal } from '../terminal.ts'

/** An event in one line. */
export function renderEvent(userId: string, event: OrderEvent, { style }: Pick<Terminal, 'style'>): string {
  const { balance, currency, mode } = event.account
  return [
    style('dim', event.at),
    style('bold', printable(userId)),
    `seq ${event.seq}`,
    event.event,
    ...('order' in event ? [`${printable(event.order.orderId)} ${event.order.status}`] : []),
    ...('refund' in event && event.refund ? [style('green', `refund ${event.refund.amount} ${currency}`)] : []),
    // In external mode the panel keeps the balance.
    ...(mode === 'external' ? [] : [`balance ${balance} ${currency}`]),
  ].join('  ')
}
