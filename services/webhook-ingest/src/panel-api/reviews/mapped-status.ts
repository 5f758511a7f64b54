import type { OrderStatus } from '@paxyo/contracts'
import type { UnknownWord } from '@paxyo/panel-client'

/** What a word of a provider means, as the API shows it. */
export const mappedStatus = (status: OrderStatus | 'ignored'): NonNullable<UnknownWord['status']> =>
  status === 'ignored' ? 'ignore' : status
