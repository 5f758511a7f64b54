import type { ImportRecord } from './read-records.ts'

/** What an import does with rows of one kind. */
export interface RowHandling<Item> {
  /** @returns the item, or why the row is refused. */
  readonly toItem: (record: ImportRecord) => Item | string
  /** Takes a batch over in one transaction; says of each what became of it. */
  readonly importBatch: (items: readonly Item[]) => Promise<readonly string[]>
}

export interface ImportSummary {
  /** Rows read. */
  readonly rows: number
  readonly imported: number
  readonly alreadyThere: number
  readonly refused: number
}

export interface RefusedRow {
  readonly row: number
  readonly reason: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Rows of one transaction: few enough that webhooks do not wait long for a lock. */
export const BATCH_ROWS = 500
/** Transactions at once: while one waits for the disk, the next is computed. */
const LANES = 2

interface Entry<Item> {
  readonly record: ImportRecord
  readonly item: Item
}

/**
 * Reads rows and takes them over in batches, a few at a time in memory. There is nothing to be kept for a resumption:
 * what is in the database is skipped, so an import that was cut off is simply run again.
 *
 * @throws the first error of a batch, once all that were under way have ended.
 */
export async function importRows<Item extends object>(
  records: AsyncIterable<ImportRecord>,
  { toItem, importBatch }: RowHandling<Item>,
  watch: ImportWatch,
): Promise<ImportSummary> {
  const summary = { rows: 0, imported: 0, alreadyThere: 0, refused: 0 }
  const lanes = new Set<Promise<void>>()
  const errors: unknown[] = []

  async function refuse({ row, fields }: ImportRecord, reason: string): Promise<void> {
    summary.refused += 1
    await watch.onRefused({ row, reason, fields })
  }

  async function takeOver(batch: readonly Entry<Item>[]): Promise<void> {
    const results = await importBatch(batch.map(({ item }) => item))
    for (const [index, { record }] of batch.entries()) {
      const result = results[index]!
      if (result === 'imported') summary.imported += 1
      else if (result === 'already_there') summary.alreadyThere += 1
      else await refuse(record, result)
    }
    watch.onProgress(summary.rows)
  }

  async function start(batch: readonly Entry<Item>[]): Promise<void> {
    while (lanes.size >= LANES) await Promise.race(lanes)
    const lane = takeOver(batch)
      .catch((error: unknown) => void errors.push(error))
      .finally(() => lanes.delete(lane))
    lanes.add(lane)
  }

  let batch: Entry<Item>[] = []
  try {
    for await (const record of records) {
      if (watch.signal.aborted || errors.length > 0) break
      summary.rows += 1
      const item = toItem(record)
      if (typeof item === 'string') await refuse(record, item)
      else batch.push({ record, item })
      if (batch.length < BATCH_ROWS) continue
      await start(batch)
      batch = []
    }
    if (batch.length > 0 && errors.length === 0 && !watch.signal.aborted) await start(batch)
  } finally {
    await Promise.all(lanes)
  }
  if (errors.length > 0) throw errors[0]
  return summary
}

export interface ImportWatch {
  readonly signal: AbortSignal
  onRefused(refused: RefusedRow): Promise<void>
  onProgress(rows: number): void
}
