import { action, type Cli } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import { parseLimit } from './limit.ts'

interface ListOptions {
  readonly after?: string
  readonly limit: number
}

interface ExportOptions {
  readonly after?: string
  readonly format: 'csv' | 'ndjson'
}

export const addRefunds: AddCommand = (program, terminal, finished) => {
  const refunds = program.command('refunds').description('all refunds, in commit order (PAXYO_URL, PAXYO_API_KEY)')
  refunds
    .command('list')
    .description('list refunds from the beginning, or from a cursor')
    .option('--after <cursor>', 'the cursor at the end of an earlier list')
    .option('-l, --limit <count>', 'how many', parseLimit, 50)
    .action(action(terminal, finished, async (cli, options: ListOptions) => (await load()).listRefunds(cli, options)))
  refunds
    .command('export')
    .description('write all refunds as CSV or NDJSON, and the cursor for the next export to the error output')
    .option('--after <cursor>', 'the cursor of the last export')
    .option('-f, --format <format>', 'csv or ndjson', 'csv')
    .action(action(terminal, finished, (cli, options: ExportOptions) => exportAll(cli, options)))
}

const load = () => import('../back-office/refunds.ts')

const exportAll = async (cli: Cli, options: ExportOptions): Promise<void> => (await load()).exportRefunds(cli, options)
