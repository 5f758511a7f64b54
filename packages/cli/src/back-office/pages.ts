import type { ApiClient } from '../api/api-client.ts'

/** The most that the API sends at once. */
const PAGE_SIZE_MAX = 100

interface Page<Item> {
  readonly data: readonly Item[]
  readonly nextCursor: string | null
}

/** Reads a list page by page, as far as it is asked for. */
export async function* readPages<Item>(
  api: ApiClient,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  limit: number,
): AsyncGenerator<Item> {
  let left = limit
  let cursor: string | undefined
  while (left > 0) {
    const page: Page<Item> = await api.get(path, { ...query, cursor, limit: Math.min(left, PAGE_SIZE_MAX) })
    yield* page.data
    left -= page.data.length
    if (page.nextCursor === null) return
    cursor = page.nextCursor
  }
}

/** What the API's schemas say, as far as it is shown. */
export interface Refund {
  readonly refundId: string
  readonly position: number
  readonly orderId: string
  readonly providerOrderId: string
  readonly userId: string
  readonly amount: string
  readonly currency: string
  readonly orderRefunded: string
  readonly balanceAfter: string
  readonly at: string
}

/** Follows the feed of refunds from a cursor to its present end. */
export async function* readRefunds(api: ApiClient, after: string | undefined, limit: number) {
  let left = limit
  let cursor = after
  for (let hasMore = true; hasMore && left > 0;) {
    const page = await api.get<{ data: readonly Refund[]; cursor: string; hasMore: boolean }>('/v1/refunds', {
      after: cursor,
      limit: Math.min(left, PAGE_SIZE_MAX),
    })
    left -= page.data.length
    ;({ cursor, hasMore } = page)
    yield { refunds: page.data, cursor: page.cursor }
  }
}
