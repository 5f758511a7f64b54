import { stripVTControlCharacters } from 'node:util'

const GAP = '  '

/** Lines of cells, padded so that columns are aligned. Cells may be coloured. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, visibleLength(cell))
  }
  const pad = (cell: string, column: number): string => cell + ' '.repeat(widths[column]! - visibleLength(cell))
  return rows.map((row) => row.map(pad).join(GAP).trimEnd()).join('\n')
}

const visibleLength = (cell: string): number => Array.from(stripVTControlCharacters(cell)).length
