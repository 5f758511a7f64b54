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
import { importRows, type ImportSummary, type RowHandling } from './import-rows.ts'
import { openImportFile } from './read-records.ts'
import { openRejectionReport } from './rejection-report.ts'
import type { ImportWarning } from './warnings.ts'

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

export interface ImportResult {
  readonly summary: ImportSummary
  readonly warnings: readonly ImportWarning[]
  /** The path of the file that lists the rejected rows; undefined when there are none. */
  readonly rejectedRows: string | undefined
  /** Whether rows were compared with the database: a dry run may have none. */
  readonly isCompared: boolean
}

export async function importFile<Item extends object>(
  cli: Cli,
  kind: ImportKind<Item>,
  options: ImportFileOptions,
): Promise<ImportResult> {
  const { file, things, isDryRun } = options
  const map = await readImportMap(options.map, options.fields)
  const input = await openImportFile(file, options.format ?? map.format ?? formatOf(file), map.header, cli.signal)
  const hasDatabase = Boolean(cli.env['DATABASE_URL'] ?? cli.env['DATABASE_URL_FILE'])
  const given =
    isDryRun && !hasDatabase ? undefined : await settings(cli.env, ['DATABASE_URL', 'VERIFY_REFUNDS', 'BALANCE_MODE'])
  const approval = given === undefined ? undefined : loadRefundApproval(cli.env)
  const url = given?.DATABASE_URL
  await using resources = new AsyncDisposableStack()
  const pool =
    url === undefined ? undefined : createPool({ url, role: 'ingest', name: 'paxyo-import', max: CONNECTIONS_MAX })
  if (pool) resources.adopt(pool, (it) => it.end())
  if (file === '-') cli.err('reading the standard input\n')
  const providers = loadProviders(cli.env).map(createProvider)
  const verifiedProviders = new Set(given?.VERIFY_REFUNDS === 'on' ? providers.map(({ name }) => name) : [])
  const report = await openRejectionReport(options.report)
  const progress = startProgress(cli, things, 'rows')
  resources.defer(() => progress.end())
  const inspector = kind.createInspector()
  const handling: RowHandling<Item> = {
    toItem(record) {
      const item = kind.toItem(record, map, providers)
      if (typeof item !== 'string') inspector.see(record, item, map)
      return item
    },
    importBatch:
      isDryRun || pool === undefined
        ? kind.createCheck(pool)
        : (items) =>
            kind.importBatch(
              { pool, newId, verifiedProviders, refundApproval: approval, accountMode: given?.BALANCE_MODE },
              items,
            ),
  }
  try {
    const summary = await importRows(input.records, handling, {
      signal: cli.signal,
      onRejected: (row) => report.add(row),
      onProgress: (rows) => progress.update(rows, input.part()),
    })
    const warnings = inspector.warnings()
    return { summary, warnings, rejectedRows: await report.end(), isCompared: pool !== undefined }
  } catch (error) {
    throw url === undefined ? error : explainDatabaseError(error, url)
  }
}

const formatOf = (file: string): ImportFormat => (/\.(?:ndjson|jsonl)$/.test(file) ? 'ndjson' : 'csv')
