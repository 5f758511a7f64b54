/** The provider's identification of an order. Ids are unique for each provider, not across providers. */
export interface ProviderOrder {
  readonly provider: string
  readonly providerOrderId: string
}

/** The key of a provider's order in maps. No provider's name contains a line break, so no two orders share a key. */
export function providerOrderKey({ provider, providerOrderId }: ProviderOrder): string {
  return `${provider}\n${providerOrderId}`
}

/** An order's row in this respect: it may have no provider order yet. */
export interface MaybeProviderOrder {
  readonly provider: string | null
  /** Null exactly when the provider is. */
  readonly providerOrderId: string | null
}

/** @returns undefined when the order has no provider order. */
export function providerOrderOf({ provider, providerOrderId }: MaybeProviderOrder): ProviderOrder | undefined {
  return provider === null || providerOrderId === null ? undefined : { provider, providerOrderId }
}

export function isSameProviderOrder(one: MaybeProviderOrder, other: MaybeProviderOrder): boolean {
  return one.provider === other.provider && one.providerOrderId === other.providerOrderId
}

/** The same orders, once each. */
export function uniqueProviderOrders(orders: readonly ProviderOrder[]): ProviderOrder[] {
  return [...new Map(orders.map((order) => [providerOrderKey(order), order])).values()]
}

/** Orders as the two arrays that a statement takes: their providers and their ids. */
export function providerOrderColumns(orders: readonly ProviderOrder[]): [providers: string[], ids: string[]] {
  return [orders.map(({ provider }) => provider), orders.map(({ providerOrderId }) => providerOrderId)]
}
