import type { Money, OrderState } from '@paxyo/order-core'
import type { ProviderOrder } from './provider-order.ts'

/** An order, as its row has it. */
export interface Order extends OrderState, ProviderOrder {
  readonly orderId: string
  readonly userId: string
  readonly service: string
  readonly link: string
  readonly updatedAt: Date
}

/** An account, as its row has it. */
export interface Account {
  readonly userId: string
  readonly currency: string
  readonly balance: Money
  readonly lastSeq: number
}

/** The most that an account's row can hold. */
export const BALANCE_MAX: Money = 10n ** 20n - 1n

/** What a transaction has read under its locks, brought forward with every delivery that it applies. */
export interface WorkingSet {
  /** The database's clock, read after the locks were taken. */
  readonly at: Date
  /** By {@link providerOrderKey}. */
  readonly ordersByProviderOrder: Map<string, Order>
  /** Locked accounts only. An order whose account is not here must not be touched. */
  readonly accountsByUserId: Map<string, Account>
  /** Deliveries that an earlier transaction has settled. */
  readonly settledDeliveryIds: Set<string>
  /** Those of them that are committed but for the provider's verification. */
  readonly awaitingDeliveryIds: Set<string>
}

/** For work that no delivery of an earlier transaction can be part of. */
export function noSettledDeliveries(): Pick<WorkingSet, 'settledDeliveryIds' | 'awaitingDeliveryIds'> {
  return { settledDeliveryIds: new Set(), awaitingDeliveryIds: new Set() }
}
