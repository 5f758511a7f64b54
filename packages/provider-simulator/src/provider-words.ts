import { statusText, type OrderStatus } from '@paxyo/contracts'
import type { ProviderOrder } from './order-book.ts'

/** Other ways to write a status, beside `In progress` and `in_progress`. */
const MORE_SPELLINGS: Partial<Record<OrderStatus, readonly string[]>> = {
  in_progress: ['In Progress', 'Inprogress'],
  completed: ['Complete'],
  canceled: ['Cancelled', 'Refunded'],
  failed: ['Fail', 'error'],
}

/** How providers write a status; the first is what the API writes. */
export const spellingsOf = (status: OrderStatus): readonly [string, ...string[]] => [
  statusText(status),
  status,
  ...(MORE_SPELLINGS[status] ?? []),
]

export const PROVIDER_CURRENCY = 'USD'
/** Per 1,000: what the provider takes of the panel, which is not what the panel takes of its user. */
export const PROVIDER_RATE = 0.9

/** The provider's cost, with as many decimals as a float happens to have. */
export const providerCost = ({ quantity, status, remains }: ProviderOrder): string => {
  const delivered = status === 'canceled' ? 0 : quantity - (status === 'partial' ? remains : 0)
  return String((PROVIDER_RATE * delivered) / 1000)
}
