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
  const refunds = program
    .command('refunds')
    .description('every refund, in the order of commits (PAXYO_URL, PAXYO_API_KEY)')
  refunds
    .command('list')
    .description('list refunds from the beginning, or from a cursor')
    .option('--after <cursor>', 'where an earlier list ended')
    .option('-l, --limit <count>', 'how many', parseLimit, 50)
    .action(action(terminal, finished, async (cli, options: ListOptions) => (await load()).listRefunds(cli, options)))
  refunds
    .command('export')
    .description('write all refunds as CSV or NDJSON; the cursor to go on from is said at the end')
    .option('--after <cursor>', 'where the last export ended')
    .option('-f, --format <format>', 'csv or ndjson', 'csv')
    .action(action(terminal, finished, (cli, options: ExportOptions) => exportAll(cli, options)))
}

const load = () => import('../back-office/refunds.ts')

const exportAll = async (cli: Cli, options: ExportOptions): Promise<void> => (await load()).exportRefunds(cli, options)
