import { z } from 'zod'

const PAGE_SIZE_MAX = 100
const PAGE_SIZE = 50
/** An id of 128 characters, of which none is Latin, and what stands beside it. */
const CURSOR_LENGTH_MAX = 1024

/** What every list is asked with. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(PAGE_SIZE_MAX).default(PAGE_SIZE).describe('How many items to send.'),
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

/** A position in a list as opaque text. */
export function encodeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/** @returns undefined when the text is not a cursor of this form. */
export function decodeCursor<Position>(schema: z.ZodType<Position>, cursor: string): Position | undefined {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    return undefined
  }
}

/**
 * Makes a page of the rows that were read from its position on.
 *
 * @param rows one more than the limit, if there are as many: that is how the last page is known.
 * @param positionOf where the next page begins: behind this row.
 */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => readonly (string | number)[],
  toItem: (row: Row) => Item,
): { data: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    data: shown.map((row) => toItem(row)),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null,
  }
}
