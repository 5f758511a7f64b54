import type { ImportRecord } from './read-records.ts'

/** How an import handles rows of one kind. */
export interface RowHandling<Item> {
  /** @returns the item, or why the row is rejected. */
  readonly toItem: (record: ImportRecord) => Item | string
  /** Imports a batch in one transaction. @returns the result of each item. */
  readonly importBatch: (items: readonly Item[]) => Promise<readonly string[]>
}

export interface ImportSummary {
  /** Rows read. */
  readonly rows: number
  readonly imported: number
  readonly alreadyThere: number
  readonly rejected: number
}

export interface RejectedRow {
  readonly row: number
  readonly reason: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Rows of one transaction: few enough that webhooks do not wait long for a lock. */
export const BATCH_ROWS = 500

interface Entry<Item> {
  readonly record: ImportRecord
  readonly item: Item
}

/**
 * Reads rows and imports them in batches, with only a few rows in memory. It keeps no position: rows that are in the
 * database are skipped, so an interrupted import is run again. One batch is committed after the other, while the next rows
 * are read: of two rows that conflict the earlier one is imported, as the dry run says.
 *
 * @throws the first error of a batch.
 */
export async function importRows<Item extends object>(
  records: AsyncIterable<ImportRecord>,
  { toItem, importBatch }: RowHandling<Item>,
  watch: ImportWatch,
): Promise<ImportSummary> {
  const summary = { rows: 0, imported: 0, alreadyThere: 0, rejected: 0 }
  let running: Promise<void> = Promise.resolve()
  const errors: unknown[] = []

  async function reject({ row, fields }: ImportRecord, reason: string): Promise<void> {
    summary.rejected += 1
    await watch.onRejected({ row, reason, fields })
  }

  async function importOne(batch: readonly Entry<Item>[]): Promise<void> {
    const results = await importBatch(batch.map(({ item }) => item))
    for (const [index, { record }] of batch.entries()) {
      const result = results[index]!
      if (result === 'imported') summary.imported += 1
      else if (result === 'already_there') summary.alreadyThere += 1
      else await reject(record, result)
    }
    watch.onProgress(summary.rows)
  }

  async function start(batch: readonly Entry<Item>[]): Promise<void> {
    await running
    if (errors.length > 0) return
    running = importOne(batch).catch((error: unknown) => void errors.push(error))
  }

  let batch: Entry<Item>[] = []
  try {
    for await (const record of records) {
      if (watch.signal.aborted || errors.length > 0) break
      summary.rows += 1
      const item = toItem(record)
      if (typeof item === 'string') await reject(record, item)
      else batch.push({ record, item })
      if (batch.length < BATCH_ROWS) continue
      await start(batch)
      batch = []
    }
    if (batch.length > 0 && errors.length === 0 && !watch.signal.aborted) await start(batch)
  } finally {
    await running
  }
  if (errors.length > 0) throw errors[0]
  return summary
}

export interface ImportWatch {
  readonly signal: AbortSignal
  onRejected(row: RejectedRow): Promise<void>
  onProgress(rows: number): void
}
