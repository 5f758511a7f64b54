import { statusText, type OrderStatus } from '@paxyo/contracts'
import type { ProviderOrder } from './order-store.ts'

/** Other spellings of a status, in addition to `In progress` and `in_progress`. */
const MORE_SPELLINGS: Partial<Record<OrderStatus, readonly string[]>> = {
  in_progress: ['In Progress', 'Inprogress'],
  completed: ['Complete'],
  canceled: ['Cancelled', 'Refunded'],
  failed: ['Fail', 'error'],
}

/** The spellings of a status; the API uses the first. */
export const spellingsOf = (status: OrderStatus): readonly [string, ...string[]] => [
  statusText(status),
  status,
  ...(MORE_SPELLINGS[status] ?? []),
]

export const PROVIDER_CURRENCY = 'USD'
/** Per 1,000: the panel's cost, which differs from the charge that the panel's user pays. */
export const PROVIDER_RATE = 0.9

/** The provider cost, with as many decimals as its float has. */
export const providerCost = ({ quantity, status, remains }: ProviderOrder): string => {
  const delivered = status === 'canceled' ? 0 : quantity - (status === 'partial' ? remains : 0)
  return String((PROVIDER_RATE * delivered) / 1000)
}
