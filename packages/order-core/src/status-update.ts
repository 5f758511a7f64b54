import type { OrderStatus } from '@paxyo/contracts'

/** Why an update has no known status. */
export type UpdateProblem = 'unknown_status' | 'provider_error' | 'ambiguous_update'

/** A provider's update of one order, in the terms of this system. */
export interface StatusUpdate {
  readonly providerOrderId: string
  /** `ignored` is a known word that changes nothing, such as those of refills. */
  readonly status: OrderStatus | 'ignored' | 'unknown'
  /** The undelivered quantity; null when missing or not an integer. Can be negative after over-delivery. */
  readonly remains: number | null
  readonly startCount: number | null
  /** Set if and only if the status is `unknown`. */
  readonly problem?: UpdateProblem
  /** The status word that is in no map, as maps compare it, when the problem is `unknown_status`. */
  readonly word?: string
}
