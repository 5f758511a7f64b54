import { createPool } from '@paxyo/database'
import { newId } from '@paxyo/ledger'
import { createProvider } from '@paxyo/providers'
import type { Cli } from '../cli.ts'
import { explainDatabaseError } from '../explain-database-error.ts'
import { loadProviders, loadRefundApproval } from '../load-providers.ts'
import { startProgress } from '../output/progress.ts'
import { settings } from '../settings.ts'
import type { ImportFormat } from './fields.ts'
import type { ImportKind } from './import-kinds.ts'
import { readImportMap } from './import-map.ts'
import { importRows, type ImportSummary } from './import-rows.ts'
import { openImportFile } from './read-records.ts'
import { openRejectionReport } from './rejection-report.ts'

const CONNECTIONS_MAX = 2

export interface ImportFileOptions {
  /** `-` for the standard input. */
  readonly file: string
  /** The name of the rows, such as `orders`. */
  readonly things: string
  readonly fields: readonly string[]
  readonly map: string | undefined
  readonly format: ImportFormat | undefined
  /** The file for rejected rows. */
  readonly report: string
  /** Reads and checks every row, and changes nothing. */
  readonly isDryRun: boolean
}

/** @returns the counts, and the path of the file that lists the rejected rows. */
export async function importFile<Item extends object>(
  cli: Cli,
  { toItem, importBatch }: ImportKind<Item>,
  options: ImportFileOptions,
): Promise<{ summary: ImportSummary; rejectedRows: string | undefined }> {
  const { file, things, isDryRun } = options
  const map = await readImportMap(options.map, options.fields)
  const input = await openImportFile(file, options.format ?? map.format ?? formatOf(file), map.header, cli.signal)
  const given = isDryRun ? undefined : await settings(cli.env, ['DATABASE_URL', 'VERIFY_REFUNDS'])
  const approval = isDryRun ? undefined : loadRefundApproval(cli.env)
  const url = given?.DATABASE_URL
  await using resources = new AsyncDisposableStack()
  const pool = url && createPool({ url, role: 'ingest', name: 'paxyo-import', max: CONNECTIONS_MAX })
  if (pool) resources.adopt(pool, (it) => it.end())
  if (file === '-') cli.err('reading the standard input\n')
  const providers = loadProviders(cli.env).map(createProvider)
  const verifiedProviders = new Set(given?.VERIFY_REFUNDS === 'on' ? providers.map(({ name }) => name) : [])
  const deps = pool && { pool, newId, verifiedProviders, refundApproval: approval }
  const report = await openRejectionReport(options.report)
  const progress = startProgress(cli, things, 'rows')
  resources.defer(() => progress.end())
  const handling = {
    toItem: (record: Parameters<typeof toItem>[0]) => toItem(record, map, providers),
    importBatch: (items: readonly Item[]) =>
      deps ? importBatch(deps, items) : Promise.resolve(items.map(() => 'imported')),
  }
  try {
    const summary = await importRows(input.records, handling, {
      signal: cli.signal,
      onRejected: (row) => report.add(row),
      onProgress: (rows) => progress.update(rows, input.part()),
    })
    return { summary, rejectedRows: await report.end() }
  } catch (error) {
    throw url === undefined ? error : explainDatabaseError(error, url)
  }
}

const formatOf = (file: string): ImportFormat => (/\.(?:ndjson|jsonl)$/.test(file) ? 'ndjson' : 'csv')
