import { Option, type Command } from 'commander'
import { action, type Finished } from '../cli.ts'
import { Failure } from '../failure.ts'
import { IMPORT_FORMATS, type ImportFormat } from '../import/fields.ts'
import type { ImportKind } from '../import/import-kinds.ts'
import type { ImportSummary } from '../import/import-rows.ts'
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
    .option('-n, --dry-run', 'read and check every row, and change nothing')
    .addHelpText('after', `\nFields: ${fields.join(', ')}`)
    .action(
      action(terminal, finished, async (cli, { map, format, report, dryRun }: ImportOptions, file: string) => {
        const { importFile } = await import('../import/import-file.ts')
        const isDryRun = dryRun === true
        const { summary, rejectedRows } = await importFile(cli, await load(), {
          file,
          things,
          fields,
          map,
          format,
          report: report ?? `${file === '-' ? things : file}.rejected.ndjson`,
          isDryRun,
        })
        const result = { ...summary, ...(rejectedRows === undefined ? {} : { rejectedRows }), dryRun: isDryRun }
        cli.print(result, () => describe(things, summary, rejectedRows, isDryRun))
        if (cli.signal.aborted) throw new Failure('interrupted', 'interrupted; run it again to continue')
        if (summary.rejected > 0) cli.finish('violations')
      }),
    )
}

function describe(things: string, summary: ImportSummary, report: string | undefined, isDryRun: boolean): string {
  const { rows, imported, alreadyThere, rejected } = summary
  const count = (number: number): string => number.toLocaleString('en')
  const outcome = isDryRun
    ? `${count(imported)} ${things} can be imported`
    : `${count(imported)} ${things} imported, ${count(alreadyThere)} already present`
  const reference = report === undefined ? '' : ` (see ${report})`
  return `${count(rows)} rows read: ${outcome}, ${count(rejected)} rejected${reference}.`
}
