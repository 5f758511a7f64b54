import type { OrderStatus } from '@paxyo/contracts'
import type { ProviderOrder } from './order-book.ts'

/** How providers write a status; the first is what the API writes. */
export const SPELLINGS: Readonly<Record<OrderStatus, readonly [string, ...string[]]>> = {
  pending: ['Pending', 'pending'],
  processing: ['Processing', 'processing'],
  in_progress: ['In progress', 'In Progress', 'in_progress', 'Inprogress'],
  completed: ['Completed', 'completed', 'Complete'],
  partial: ['Partial', 'partial'],
  canceled: ['Canceled', 'Cancelled', 'canceled', 'Refunded'],
  failed: ['Failed', 'Fail', 'error'],
}

export const PROVIDER_CURRENCY = 'USD'
/** Per 1,000: what the provider takes of the panel, which is not what the panel takes of its user. */
export const PROVIDER_RATE = 0.9

/** The provider's cost, with as many decimals as a float happens to have. */
export const providerCost = ({ quantity, status, remains }: ProviderOrder): string => {
  const delivered = status === 'canceled' ? 0 : quantity - (status === 'partial' ? remains : 0)
  return String((PROVIDER_RATE * delivered) / 1000)
}
