import { PAGE_SIZE_MAX, type Page } from '../schemas/page.ts'
import type { Query, Transport } from './transport.ts'

/** A list of the API: page by page, or item by item over all pages. */
export interface List<Item, ListQuery> {
  /** All items, read in pages of `limit` (100 without it). */
  list(query?: ListQuery): AsyncGenerator<Item, void>
  /** One page; `nextCursor` is the `cursor` of the next one. */
  listPage(query?: ListQuery): Promise<Page<Item>>
}

export function listOf<Item, ListQuery>(transport: Transport, path: string): List<Item, ListQuery> {
  const listPage = (query?: ListQuery): Promise<Page<Item>> => transport.get(path, query as Query | undefined)
  return {
    listPage,
    async *list(query) {
      let cursor: string | null | undefined
      do {
        const page: Page<Item> = await transport.get(path, {
          limit: PAGE_SIZE_MAX,
          ...query,
          ...(cursor && { cursor }),
        })
        yield* page.data
        cursor = page.nextCursor
      } while (cursor !== null)
    },
  }
}
