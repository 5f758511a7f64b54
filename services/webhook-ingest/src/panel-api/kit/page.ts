import type { z } from 'zod'

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
