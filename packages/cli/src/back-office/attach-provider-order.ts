import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { printable } from '../output/printable.ts'

export interface AttachOptions {
  readonly provider?: string
  /** A retry with the same key has no second effect. */
  readonly key?: string
}

export async function attachProviderOrder(
  cli: Cli,
  orderId: string,
  providerOrderId: string,
  { provider, key }: AttachOptions,
): Promise<void> {
  const body = { providerOrderId, ...(provider === undefined ? {} : { provider }) }
  const options = key === undefined ? {} : { idempotencyKey: key }
  const attached = await withPanelApi(cli, (api) => api.orders.attachProviderOrder(orderId, body, options))
  const { order, replaced, appliedDeliveries } = attached
  cli.print(attached, () =>
    [
      `Order ${printable(order.orderId)} is ${name(order)}, and ${order.status}.`,
      ...(replaced === null ? [] : [`Updates of ${name(replaced)} have no effect from now on.`]),
      ...(appliedDeliveries === 0 ? [] : [`Deliveries that had been waiting for it: ${appliedDeliveries}.`]),
    ].join('\n'),
  )
}

interface NamedOrder {
  readonly provider: string | null
  readonly providerOrderId: string | null
}

const name = ({ provider, providerOrderId }: NamedOrder): string =>
  `order ${printable(providerOrderId!)} of ${printable(provider!)}`
