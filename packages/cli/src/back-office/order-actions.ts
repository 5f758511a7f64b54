import type { OrderStatus } from '@paxyo/contracts/data'
import type { ActedOnOrder, ActOnOrder } from '@paxyo/panel-client'
import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { printable } from '../output/printable.ts'

export interface ActionOptions {
  readonly note: string
  readonly by?: string
  /** A retry with the same key has no second effect. */
  readonly key?: string
}

export const refundOrder = (cli: Cli, orderId: string, amount: string, options: ActionOptions): Promise<void> =>
  act(cli, orderId, { action: 'refund', amount, ...decision(options) }, options)

export const cancelOrder = (cli: Cli, orderId: string, options: ActionOptions): Promise<void> =>
  act(cli, orderId, { action: 'cancel', ...decision(options) }, options)

/** The API rejects a status that it does not know. */
export const setOrderStatus = (cli: Cli, orderId: string, status: string, options: ActionOptions): Promise<void> =>
  act(cli, orderId, { action: 'set_status', status: status as OrderStatus, ...decision(options) }, options)

const decision = ({ note, by }: ActionOptions): { note: string; actor?: string } => ({
  note,
  ...(by === undefined ? {} : { actor: by }),
})

async function act(cli: Cli, orderId: string, action: ActOnOrder, { key }: ActionOptions): Promise<void> {
  const options = key === undefined ? {} : { idempotencyKey: key }
  const done = await withPanelApi(cli, (api) => api.orders.act(orderId, action, options))
  cli.print(done, () => describe(done))
}

const describe = ({ order, refund, account, userId }: ActedOnOrder): string =>
  [
    refund === null
      ? 'No money was refunded.'
      : `Refunded ${refund.amount} ${refund.currency} to ${printable(userId)}.`,
    `Order ${printable(order.orderId)} is ${order.status}, ${order.refunded} of ${order.charge} refunded.`,
    account.mode === 'kept' ? `The balance is ${account.balance} ${account.currency}.` : 'The panel keeps the balance.',
  ].join('\n')
