import type { z } from 'zod'

/**
 * A position in a list as opaque text.
 *
 * @example
 * encodeCursor(['A-1', 7]) //=> 'WyJBLTEiLDdd'
 */
export function encodeCursor(position: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/**
 * @returns undefined when the text is not a cursor of this schema.
 * @example
 * decodeCursor(z.tuple([z.string(), z.number()]), 'WyJBLTEiLDdd') //=> ['A-1', 7]
 * decodeCursor(z.tuple([z.string()]), 'something else') //=> undefined
 */
export function decodeCursor<Position>(schema: z.ZodType<Position>, cursor: string): Position | undefined {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    return undefined
  }
}

/**
 * Makes a page of rows.
 *
 * @param rows up to one more than the limit; the additional row shows that another page follows.
 * @example
 * const { data, nextCursor } = toPage(['a', 'b', 'c'], 2, (row) => [row], (row) => row.toUpperCase())
 * data //=> ['A', 'B']
 * nextCursor === encodeCursor(['b']) //=> true
 * @param positionOf the position of a row; the next page begins after the last row's position.
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
