import type { BalanceMode } from '@paxyo/contracts'
import type { Money, OrderState } from '@paxyo/order-core'
import type { MaybeProviderOrder } from './provider-order.ts'
import type { Totals } from './totals.ts'

/** An order's row. */
export interface Order extends OrderState, MaybeProviderOrder {
  readonly orderId: string
  readonly userId: string
  readonly service: string
  readonly link: string
  /** The minutes between two runs of a drip-feed order; null when unknown, and for other orders. */
  readonly intervalMinutes: number | null
  /** When it was ordered: at its registration, or earlier when it was imported. */
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** An account's row. */
export interface Account {
  readonly userId: string
  readonly currency: string
  readonly balance: Money
  readonly lastSeq: number
  /** Whether the balance is the user's; `kept` from the first deposit or charge on. */
  readonly mode: BalanceMode
}

/** An account's row, read under its lock. */
export interface LockedAccount extends Account {
  readonly totals: Totals
}

/** The maximum balance that the column can store. */
export const BALANCE_MAX: Money = 10n ** 20n - 1n

/** The rows that a transaction has read under its locks, updated with every delivery that it applies. */
export interface WorkingSet {
  /** The database's clock, read after the locks were taken. */
  readonly at: Date
  /** By {@link providerOrderKey}: the orders that have one. */
  readonly ordersByProviderOrder: Map<string, Order>
  /** Locked accounts only. An order whose account is not here must not be touched. */
  readonly accountsByUserId: Map<string, LockedAccount>
  /** Deliveries that were recorded before, with any outcome: parked ones, too. */
  readonly settledDeliveryIds: Set<string>
  /** Those of them that still await the provider's verification. */
  readonly awaitingDeliveryIds: Set<string>
}

/** For work that receives no new deliveries, so that none can be a duplicate. */
export function noSettledDeliveries(): Pick<WorkingSet, 'settledDeliveryIds' | 'awaitingDeliveryIds'> {
  return { settledDeliveryIds: new Set(), awaitingDeliveryIds: new Set() }
}
