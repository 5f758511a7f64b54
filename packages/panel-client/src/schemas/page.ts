import { z } from 'zod'

/** The maximum number of items on a page. */
export const PAGE_SIZE_MAX = 100
const PAGE_SIZE = 50
/** Enough for an id of 128 non-Latin characters and the other parts of a cursor. */
const CURSOR_LENGTH_MAX = 1024

/** The query parameters of every list. */
export const pageQuery = {
  limit: z.coerce
    .number<number>()
    .int()
    .min(1)
    .max(PAGE_SIZE_MAX)
    .default(PAGE_SIZE)
    .describe('The maximum number of items to return.'),
  cursor: z
    .string()
    .max(CURSOR_LENGTH_MAX)
    .optional()
    .describe('`nextCursor` of the previous page. It is only valid for the list that returned it.'),
}

/**
 * A page of a list; `nextCursor` is null on the last one.
 *
 * @example
 * pageSchema(identifierSchema).parse({ data: ['A-1'], nextCursor: null }).data //=> ['A-1']
 */
export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), nextCursor: z.string().nullable() })
}

export interface Page<Item> {
  readonly data: readonly Item[]
  readonly nextCursor: string | null
}

export interface PageQuery {
  readonly limit?: number
  readonly cursor?: string
}
