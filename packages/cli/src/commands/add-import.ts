import { Option, type Command } from 'commander'
import { action, type Finished } from '../cli.ts'
import { Failure } from '../failure.ts'
import { IMPORT_FORMATS, type ImportFormat } from '../import/fields.ts'
import type { ImportKind } from '../import/import-kinds.ts'
import type { ImportSummary } from '../import/import-rows.ts'
import type { Terminal } from '../terminal.ts'

/** What is imported, and how. */
export interface ImportSubject<Item> {
  /** What the file holds, such as `orders`. */
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
    .description(`take over ${things} from another system (DATABASE_URL); run it again after a break`)
    .argument('<file>', 'CSV, NDJSON or what MySQL exports; - for the standard input')
    .option('-m, --map <file>', 'JSON that says which column is which field')
    .addOption(
      new Option('-f, --format <format>', 'csv unless the map or the name says otherwise').choices(IMPORT_FORMATS),
    )
    .option('-r, --report <file>', 'where refused rows go; <file>.refused.ndjson')
    .option('-n, --dry-run', 'read and check every row, and change nothing')
    .addHelpText('after', `\nFields: ${fields.join(', ')}`)
    .action(
      action(terminal, finished, async (cli, { map, format, report, dryRun }: ImportOptions, file: string) => {
        const { importFile } = await import('../import/import-file.ts')
        const isDryRun = dryRun === true
        const { summary, refusedRows } = await importFile(cli, await load(), {
          file,
          things,
          fields,
          map,
          format,
          report: report ?? `${file === '-' ? things : file}.refused.ndjson`,
          isDryRun,
        })
        const result = { ...summary, ...(refusedRows === undefined ? {} : { refusedRows }), dryRun: isDryRun }
        cli.print(result, () => describe(things, summary, refusedRows, isDryRun))
        if (cli.signal.aborted) throw new Failure('interrupted', 'interrupted; run it again to go on')
        if (summary.refused > 0) cli.finish('findings')
      }),
    )
}

function describe(things: string, summary: ImportSummary, report: string | undefined, isDryRun: boolean): string {
  const { rows, imported, alreadyThere, refused } = summary
  const count = (number: number): string => number.toLocaleString('en')
  const said = isDryRun
    ? `${count(imported)} ${things} could be taken over`
    : `${count(imported)} ${things} taken over, ${count(alreadyThere)} were there already`
  const listed = report === undefined ? '' : ` (see ${report})`
  return `${count(rows)} rows read: ${said}, ${count(refused)} refused${listed}.`
}
