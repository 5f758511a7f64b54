import type { OrderStatus } from '@paxyo/contracts'

/** Why an update could not be understood although its order is known. */
export type UpdateProblem = 'unknown_status' | 'provider_error' | 'ambiguous_update'

/** What a provider says about one order, in our words. */
export interface StatusUpdate {
  readonly providerOrderId: string
  /** `ignored` is a word that is known and changes nothing, such as those of refills. */
  readonly status: OrderStatus | 'ignored' | 'unknown'
  /** How much was not delivered; null when it is missing or not an integer. May be negative after over-delivery. */
  readonly remains: number | null
  readonly startCount: number | null
  /** Set if and only if the status is `unknown`. */
  readonly problem?: UpdateProblem
}
