import { z } from 'zod'

/** The most that one page holds. */
export const PAGE_SIZE_MAX = 100
const PAGE_SIZE = 50
/** An id of 128 characters, of which none is Latin, and what stands beside it. */
const CURSOR_LENGTH_MAX = 1024

/** What every list is asked with. */
export const pageQuery = {
  limit: z.coerce
    .number<number>()
    .int()
    .min(1)
    .max(PAGE_SIZE_MAX)
    .default(PAGE_SIZE)
    .describe('How many items to send.'),
  cursor: z
    .string()
    .max(CURSOR_LENGTH_MAX)
    .optional()
    .describe('`nextCursor` of the page before. It has no meaning to anybody but the list that gave it out.'),
}

/** A page of a list; `nextCursor` is null on the last one. */
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
