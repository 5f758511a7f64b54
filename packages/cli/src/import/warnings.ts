/** Something in rows that a person should look at. The rows are imported all the same. */
export interface ImportWarning {
  readonly warning: string
  /** How many rows it concerns. */
  readonly rows: number
  /** The numbers of the first of them. */
  readonly firstRows: readonly number[]
  readonly message: string
}

const FIRST_ROWS_MAX = 5

/** Counts warnings by their code, in the order of the table of messages. */
export function createWarnings<Code extends string>(messages: Readonly<Record<Code, string>>) {
  const rowsByCode = new Map<Code, { count: number; first: number[] }>()
  return {
    add(warning: Code, row: number): void {
      const rows = rowsByCode.get(warning) ?? { count: 0, first: [] }
      rows.count += 1
      if (rows.first.length < FIRST_ROWS_MAX) rows.first.push(row)
      rowsByCode.set(warning, rows)
    },
    list(): ImportWarning[] {
      return (Object.keys(messages) as Code[]).flatMap((warning) => {
        const rows = rowsByCode.get(warning)
        if (rows === undefined) return []
        return [{ warning, rows: rows.count, firstRows: rows.first, message: messages[warning] }]
      })
    },
  }
}
