/** A delivery as its table has it, with the order to which it belongs. */
export interface ArchivedDelivery {
  readonly delivery_id: string
  readonly order_id: string | null
  readonly provider: string
  readonly provider_order_id: string | null
  readonly outcome: string
  readonly reason: string | null
  readonly received_at: string
  /** Null when it was not kept any more, or when the user was erased. */
  readonly body: string | null
  /** Whether the user of its order was erased. */
  readonly is_erased: boolean
}

/** A line of a file. The members about a user are sealed; a delivery without an order has them as they are. */
export type StoredDelivery = Omit<ArchivedDelivery, 'is_erased'> & {
  readonly key_id?: string
  readonly sealed?: string
}
