import { Option, type Command } from 'commander'
import { action, type Finished } from '../cli.ts'
import { Failure } from '../failure.ts'
import { IMPORT_FORMATS, type ImportFormat } from '../import/fields.ts'
import type { ImportKind } from '../import/import-kinds.ts'
import type { ImportResult } from '../import/import-file.ts'
import type { ImportWarning } from '../import/warnings.ts'
import type { Terminal } from '../terminal.ts'

/** The kind of rows that a command imports. */
export interface ImportSubject<Item> {
  /** The name of the rows, such as `orders`. */
  readonly things: string
  readonly fields: readonly string[]
  /** Loaded when it is needed. */
  readonly load: () => Promise<ImportKind<Item>>
}

interface ImportOptions {
  readonly map?: string
  readonly format?: ImportFormat
  readonly report?: string
  readonly dryRun?: boolean
}

/** Adds `import <file>` to a group of commands. */
export function addImport<Item extends object>(
  group: Command,
  { things, fields, load }: ImportSubject<Item>,
  terminal: Terminal,
  finished: Finished,
): void {
  group
    .command('import')
    .description(`import ${things} from another system (DATABASE_URL); run it again after an interruption`)
    .argument('<file>', 'CSV, NDJSON or a MySQL export; - for the standard input')
    .option('-m, --map <file>', 'JSON that maps columns to fields')
    .addOption(
      new Option('-f, --format <format>', 'csv, unless the map or the file name specifies another').choices(
        IMPORT_FORMATS,
      ),
    )
    .option('-r, --report <file>', 'file for rejected rows (<file>.rejected.ndjson)')
    .option('-n, --dry-run', 'check every row, also against the database (DATABASE_URL), and change nothing')
    .addHelpText('after', `\nFields: ${fields.join(', ')}`)
    .action(
      action(terminal, finished, async (cli, { map, format, report, dryRun }: ImportOptions, file: string) => {
        const { importFile } = await import('../import/import-file.ts')
        const isDryRun = dryRun === true
        const imported = await importFile(cli, await load(), {
          file,
          things,
          fields,
          map,
          format,
          report: report ?? `${file === '-' ? things : file}.rejected.ndjson`,
          isDryRun,
        })
        const { summary, rejectedRows, warnings } = imported
        const reference = rejectedRows === undefined ? {} : { rejectedRows }
        cli.print({ ...summary, ...reference, warnings, dryRun: isDryRun }, () => describe(things, imported, isDryRun))
        if (cli.signal.aborted) throw new Failure('interrupted', 'interrupted; run it again to continue')
        if (summary.rejected > 0) cli.finish('violations')
      }),
    )
}

function describe(things: string, result: ImportResult, isDryRun: boolean): string {
  const { summary, rejectedRows, warnings, isCompared } = result
  const { rows, imported, alreadyThere, rejected } = summary
  const outcome = isDryRun
    ? `${count(imported)} ${things} can be imported, ${count(alreadyThere)} already present`
    : `${count(imported)} ${things} imported, ${count(alreadyThere)} already present`
  const reference = rejectedRows === undefined ? '' : ` (see ${rejectedRows})`
  const comparison = isCompared ? [] : ['DATABASE_URL is not set: rows are compared with each other only.']
  return [
    `${count(rows)} rows read: ${outcome}, ${count(rejected)} rejected${reference}.`,
    ...warnings.map(describeWarning),
    ...comparison,
  ].join('\n')
}

function describeWarning({ rows, firstRows, message }: ImportWarning): string {
  const which =
    firstRows.length < rows
      ? `rows ${firstRows.join(', ')} and ${count(rows - firstRows.length)} more`
      : rowList(firstRows)
  return `Warning: ${which}: ${message}.`
}

const rowList = (rows: readonly number[]): string => `${rows.length === 1 ? 'row' : 'rows'} ${rows.join(', ')}`

const count = (number: number): string => number.toLocaleString('en')
